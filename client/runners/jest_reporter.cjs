// Jest's reporter of `testselect run jest`: each test file's coverage and outcome, as it ends.
'use strict';

const {Evidence} = require('./js_evidence.cjs');

function outcomeOf(result) {
  if (result.numFailingTests > 0 || result.testExecError || result.failureMessage) return 'failed';
  const ran = result.testResults.some((test) => test.status === 'passed');
  return !ran && (result.skipped || result.testResults.length > 0) ? 'skipped' : 'passed';
}

const isFlaky = (test) => test.status === 'passed' && (test.invocations > 1 || (test.retryReasons || []).length > 0);

// Without workers the tests see Jest's command line as theirs: what `testselect run` put in front of the user's
// arguments is taken away. Jest has read it by now.
function hideArguments() {
  const [ours, theirs] = process.env.TESTSELECT_RUN_ARGUMENTS.split(' ').map(Number);
  const first = process.argv.length - theirs - ours;
  const hidden = process.argv.slice(first, first + ours);
  if (hidden.includes(`--reporters=${__filename}`)) process.argv.splice(first, ours);
}

module.exports = class {
  constructor() {
    hideArguments();
    this.evidence = new Evidence(process.env.TESTSELECT_RUN_LCOV, process.env.TESTSELECT_RUN_JUNIT);
  }

  onTestResult(test, result) {
    const file = result.testFilePath || test.path;
    // Jest leaves the coverage out where no file was instrumented; other runners know of none.
    const ownRunner = /[\\/]jest-(runner|circus|jasmine2)[\\/]/.test(test.context?.config?.runner || '');
    if (result.coverage || (ownRunner && result.testResults.length > 0)) {
      this.evidence.addCoverage(file, Object.values(result.coverage || {}));
    }
    const {start, end} = result.perfStats || {};
    this.evidence.addOutcome(file, outcomeOf(result), result.testResults.some(isFlaky), end - start);
  }

  onRunComplete() {
    this.evidence.end();
  }
};
