# Named by RUBYOPT while `testselect run rspec` records: what is executed is counted from the first file of the project on.
require 'coverage'

# Ruby counts no line of some bodies: `nil`, none at all, `def one = 1`. Those say themselves when they are entered.
module TestselectQuiet
  TOP = "#{File.realpath(ENV.fetch('TESTSELECT_RUN_TOP'))}/".freeze

  @entered = {}
  @watches = []

  class << self
    # {path => lines} since the last call.
    def entered
      entered = @entered
      @entered = {}
      entered
    end

    def watch(code, path)
      kind = code.to_a[9]
      if %i[method block].include?(kind) && code.trace_points.none? { |_, event| event == :line }
        place = code.to_a[4][:code_location]
        lines = (place[0]..place[2]).to_a
        point = TracePoint.new(:call, :b_call) { @entered[path] = (@entered[path] || []) | lines }
        point.enable(target: code)
        @watches << point
      end
      code.each_child { |child| watch(child, path) }
    end
  end

  # Of texts that are evaluated there is no path.
  COMPILED = TracePoint.new(:script_compiled) do |event|
    code = event.instruction_sequence
    path = code&.absolute_path
    watch(code, path) if path&.start_with?(TOP) && !event.eval_script
  end
  COMPILED.enable
end

Coverage.start(lines: true) unless Coverage.running?
