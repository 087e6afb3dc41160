# Loaded into RSpec by `testselect run rspec`: lists example ids, runs some of them, logs outcomes.
#
# All files are named by environment variables. Lists of ids end each with a NUL byte, because an id
# holds a path, which may hold anything else.
require 'rspec/core'

module TestselectRun
  LISTED = ENV['TESTSELECT_RUN_COLLECTED'] # to write: the ids of a collection
  WANTED = ENV['TESTSELECT_RUN_LIST'] && # to read: the only ids to run
           File.binread(ENV['TESTSELECT_RUN_LIST']).split("\0").to_h { |id| [id, true] }
  FACTS = ENV['TESTSELECT_RUN_FACTS'] # to write: what the configuration says

  # Everything that RSpec chooses by itself comes through here, group by group.
  module Filter
    def prune(examples)
      chosen = super
      chosen = chosen.select { |example| WANTED.key?(example.id.b) } if WANTED
      File.open(LISTED, 'ab') { |file| chosen.each { |example| file.write(example.id.b, "\0") } } if LISTED
      chosen
    end
  end
  RSpec::Core::FilterManager.prepend(Filter)

  # JUnit XML with ids for names.
  class Outcomes
    def initialize(path)
      @file = File.open(path, 'wb')
      @file.write("<testsuites>\n")
    end

    %i[passed failed pending].each do |status|
      define_method("example_#{status}") do |notification|
        id = notification.example.id.b
        name = id.gsub(/[&<>"\x00-\x1f]/n) { |c| "&##{c.ord};" }
        inner = { failed: '<failure/>', pending: '<skipped/>' }[status]
        seconds = notification.example.execution_result.run_time || 0
        @file.write("<testcase classname=\"\" name=\"#{name}\" time=\"#{format('%.6f', seconds)}\">#{inner}</testcase>\n")
      end
    end

    def stop(_notification)
      @file.write("</testsuites>\n")
      @file.close
    end
  end
end

RSpec.configure do |config|
  # Formatters are not set up yet.
  config.before(:suite) do
    listener = TestselectRun::Outcomes.new(ENV['TESTSELECT_RUN_JUNIT']) if ENV['TESTSELECT_RUN_JUNIT']
    config.reporter.register_listener(listener, :example_passed, :example_failed, :example_pending, :stop) if listener
    File.write(TestselectRun::FACTS, config.fail_fast ? 'fail-fast' : '') if TestselectRun::FACTS
  end
end
