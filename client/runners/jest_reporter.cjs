// Jest's reporter of `testselect run jest`: each test file's coverage and outcome, as it ends.
'use strict';

const {Evidence} = require('./js_evidence.cjs');

function outcomeOf(result) {
  if (result.numFailingTests > 0 || result.testExecError || result.failureMessage) return 'failed';
  const ran = result.testResults.some((test) => test.status === 'passed');
  return !ran && (result.skipped || result.testResults.length > 0) ? 'skipped' : 'passed';
}

const isFlaky = (test) => test.status === 'passed' && (test.invocations > 1 || (test.retryReasons || []).length > 0);

module.exports = class {
  constructor() {
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
