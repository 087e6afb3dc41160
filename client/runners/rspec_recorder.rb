# Loaded into RSpec by `testselect run rspec`: writes what each example executed, as testselect-evidence.
#
# Ruby's Coverage counts lines; what an example executed is what has grown since the last look. The counts are looked at and
# never changed, so that SimpleCov has its own. TESTSELECT_RUN_TOP: the checkout; TESTSELECT_RUN_EVIDENCE: to write; without its
# end record where something is not known.
require 'rspec/core'
require_relative 'testselect_rspec_start'

module TestselectRecorder
  START = File.join(__dir__, 'testselect_rspec_start.rb')
  TOP = TestselectQuiet::TOP

  # Records of evidence.proto: each after its length, all of its numbers varints.
  class Evidence
    def initialize(path)
      @file = File.open(path, 'wb')
      @file.sync = true # a process that a test forks must not write what is left here once more
      @numbers = {}
      @tests = 0
      put(1, text(1, 'testselect-evidence') + number(2, 1) + text(3, 'testselect run rspec'))
    end

    def test(label, executed, opaque: false)
      return if executed.empty? && !opaque

      @tests += 1
      put(4, text(1, label.b) + observed(2, executed) + (opaque ? number(4, 1) : ''))
    end

    def outside(executed)
      put(5, observed(1, executed)) unless executed.empty?
    end

    def finish
      put(6, number(1, @tests))
      @file.close
    end

    private

    def observed(field, executed)
      executed.map { |path, lines| text(field, observation(path, lines)) }.join
    end

    def observation(path, lines)
      number(1, file(path)) + text(2, lines.flat_map { |line| [varint(line)] * 2 }.join)
    end

    def file(path)
      @numbers.fetch(path) do
        put(2, text(1, path.delete_prefix(TOP).b))
        @numbers[path] = @numbers.size
      end
    end

    def put(field, content)
      record = text(field, content)
      @file.write(varint(record.bytesize) + record)
    end

    def text(field, content)
      varint(field << 3 | 2) + varint(content.bytesize) + content
    end

    def number(field, value)
      varint(field << 3) + varint(value)
    end

    def varint(value)
      out = ''.b
      while value > 127
        out << (value & 127 | 128)
        value >>= 7
      end
      out << value
    end
  end

  # What was executed of the checkout since the last look.
  class Counts
    def initialize
      @last = {}
      @ours = Hash.new { |known, path| known[path] = path.start_with?(TOP) }
    end

    # {path => lines}, and the files among them that are new.
    def grown
      executed = {}
      fresh = []
      Coverage.peek_result.each do |path, counted|
        next unless @ours[path]

        lines = counted.is_a?(Hash) ? counted.fetch(:lines) : counted
        before = @last[path]
        next if before == lines

        fresh << path unless before
        executed[path] = lines_of(lines, before || [])
        @last[path] = lines
      end
      executed.reject! { |_, lines| lines.empty? }
      TestselectQuiet.entered.each { |path, lines| executed[path] = (executed[path] || []) | lines }
      [executed, fresh]
    end

    private

    def lines_of(lines, before)
      lines.each_index.select { |i| lines[i] && lines[i].positive? && lines[i] != before[i] }.map { |i| i + 1 }
    end
  end

  # Whose the growth is: an example's, all examples' of a group, or nobody's.
  class Recorder
    Group = Struct.new(:shared, :labels)

    attr_writer :opaque

    def initialize(path)
      @path = path
      @evidence = Evidence.new("#{path}.part")
      @counts = Counts.new
      @groups = []
      @process = Process.pid
    end

    def group
      return yield unless here?

      outside if @groups.empty?
      @groups.push(Group.new({}, []))
      begin
        yield
      ensure
        done = @groups.pop
        @groups.last.labels.concat(done.labels) if @groups.any?
      end
    end

    # What it does is done for every example of the group.
    def before_group(&hooks)
      of_group(hooks) { |executed| merge(@groups.last.shared, executed) }
    end

    def after_group(&hooks)
      of_group(hooks) { |executed| @groups.last.labels.each { |label| @evidence.test(label, executed) } }
    end

    def example(id, &run)
      @opaque = false
      record(run) do |executed|
        @groups.each { |group| merge(executed, group.shared) }
        @groups.last.labels << id if @groups.any?
        @evidence.test(id, executed, opaque: @opaque)
      end
    end

    # A file that an example loads: what runs meanwhile serves those that come later, too.
    def loading
      return yield unless here? && @current

      look { |executed, _| merge(@current, executed) }
      begin
        yield
      ensure
        look do |executed, _|
          @evidence.outside(executed)
          merge(@current, executed) if @current
        end
      end
    end

    # Somebody sets the counts back.
    def restart
      return unless here?

      look { |executed, _| @current ? merge(@current, executed) : @evidence.outside(executed) } if RUNNING.call
      @counts = Counts.new
    end

    def finish
      return unless here?

      outside
      return unless @evidence

      @evidence.finish
      File.rename("#{@path}.part", @path)
    end

    private

    # Not in a process that a test forked.
    def here?
      Process.pid == @process && @evidence
    end

    def outside
      look { |executed, _| @evidence.outside(executed) }
    end

    def of_group(hooks, &block)
      return hooks.call if !here? || @groups.empty? || @current # an example has some of its own

      outside
      record(hooks, &block)
    end

    def record(run)
      return run.call unless here?

      @current = {}
      begin
        run.call
      ensure
        if here?
          look do |executed, loaded|
            @evidence.outside(executed) if loaded.any? # by a way that `loading` does not see
            merge(executed, @current)
            yield executed
          end
        end
        @current = nil
      end
    end

    def merge(into, executed)
      executed.each { |path, lines| into[path] = into.key?(path) ? into[path] | lines : lines }
    end

    def look
      yield(*@counts.grown) if @evidence
    rescue StandardError => e # Coverage was ended, or counts something else
      warn("testselect: no evidence is recorded: #{e.message.lines.first}")
      @evidence = nil # it never gets its name
    end
  end

  RECORDER = Recorder.new(ENV.fetch('TESTSELECT_RUN_EVIDENCE'))

  module Example
    def run(*arguments)
      RECORDER.example(id) { super }
    end
  end

  module Groups
    def run(*arguments)
      RECORDER.group { super }
    end

    def run_before_context_hooks(*arguments)
      RECORDER.before_group { super }
    end

    def run_after_context_hooks(*arguments)
      RECORDER.after_group { super }
    end
  end

  RUNNING = Coverage.method(:running?)

  # Nobody else sees that it runs. A measurement that then begins (SimpleCov's) begins anew, and counts lines, too.
  module Measurement
    def running?
      @theirs ? super : false
    end

    %i[setup start].each do |name|
      define_method(name) do |*arguments|
        result if RUNNING.call
        @theirs = true
        wanted = arguments.first
        arguments = [{ lines: true }.merge(wanted)] if wanted.is_a?(Hash) && !wanted[:oneshot_lines]
        super(*arguments)
      end
    end

    def result(*arguments, **options)
      RECORDER.restart
      super
    end
  end

  # What a process that an example starts executes is not seen.
  module Starts
    %i[system spawn ` fork popen].each do |name|
      define_method(name) do |*arguments, **options, &block|
        RECORDER.opaque = true
        super(*arguments, **options, &block)
      end
    end
  end

  # The same, as everybody calls them. `popen` is IO's alone.
  module OwnStarts
    %i[system spawn ` fork].each { |name| define_method(name, Starts.instance_method(name)) }
    private(*instance_methods)
  end

  # Each name once: what is loaded is loaded.
  module Loads
    KNOWN = {}

    private

    def require(name)
      return super if KNOWN.key?(name)

      KNOWN[name] = true
      RECORDER.loading { super }
    end

    def load(*arguments)
      RECORDER.loading { super }
    end
  end

  class Finish
    def stop(_notification)
      RECORDER.finish
    end
  end
end

# Programs that examples start are not counted.
ENV['RUBYOPT'] = ENV['RUBYOPT'].to_s.split.reject { |word| word == "-r#{TestselectRecorder::START}" }.join(' ')
Coverage.singleton_class.prepend(TestselectRecorder::Measurement)
RSpec::Core::Example.prepend(TestselectRecorder::Example)
RSpec::Core::ExampleGroup.singleton_class.prepend(TestselectRecorder::Groups)
[Process, IO, Kernel].each { |owner| owner.singleton_class.prepend(TestselectRecorder::Starts) }
Kernel.prepend(TestselectRecorder::Loads, TestselectRecorder::OwnStarts)
RSpec.configure do |config|
  config.before(:suite) { config.reporter.register_listener(TestselectRecorder::Finish.new, :stop) }
end
