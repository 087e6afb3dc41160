// Started by `testselect run vitest` with Vitest's own arguments: lists test files, or runs those of
// a list, through the interface that Vitest has for programs, because its command line matches the
// beginnings and parts of paths. Saves what each test file executed and how it ended.
import {createRequire} from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

import js from './js_evidence.cjs';

const {
  TESTSELECT_RUN_COLLECTED: collected,
  TESTSELECT_RUN_FACTS: facts,
  TESTSELECT_RUN_LIST: list,
  TESTSELECT_RUN_LCOV: lcov,
  TESTSELECT_RUN_JUNIT: junit,
  TESTSELECT_RUN_SCRATCH: scratch,
} = process.env;
const project = createRequire(path.join(process.cwd(), 'package.json'));

function refuse(why) {
  console.error(`testselect run vitest: ${why}`);
  process.exit(2);
}

// Modules as the project sees them; what only `import` may load lies beside its package.json.
async function load(name, file) {
  let place;
  try {
    place = project.resolve(name);
  } catch (error) {
    if (error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') return null;
    place = path.join(path.dirname(project.resolve(`${name.split('/')[0]}/package.json`)), file);
  }
  return import(pathToFileURL(place).href);
}

function isInstalled(name) {
  try {
    project.resolve(`${name}/package.json`);
    return true;
  } catch (error) {
    return error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  }
}

const inPart = 'a test file runs whole or not at all, because a part of it would be its evidence';
function checkOptions({testNamePattern, shard, mergeReports, standalone}, filters) {
  if (testNamePattern) refuse(`--testNamePattern: ${inPart}`);
  if (filters.some((filter) => /:\d+$/.test(filter))) refuse(`FILE:LINE: ${inPart}`);
  if (shard) refuse("--shard would cut the selected files again; use testselect's own --shard");
  if (mergeReports || standalone) refuse('--merge-reports and --standalone run no tests');
}

const provider = ['istanbul', 'v8'].find((name) => isInstalled(`@vitest/coverage-${name}`));

function coverageOptions() {
  if (!lcov || !provider) return undefined;
  return {enabled: true, provider, reporter: [], reportsDirectory: path.join(scratch, 'coverage'), all: false};
}

// Keeps what Vitest's coverage provider is told of a test file, and keeps it from making a report.
class Recorder {
  constructor(coverage, evidence) {
    this.coverage = coverage;
    this.evidence = evidence;
    this.kept = [];
    this.original = coverage.onAfterSuiteRun.bind(coverage);
    coverage.onAfterSuiteRun = (meta) => this.take(meta);
    this.generate = coverage.generateCoverage.bind(coverage);
    coverage.generateCoverage = async () => ({});
    coverage.reportCoverage = async () => {};
  }

  take(meta) {
    if (!meta.coverage) return;
    if (provider === 'istanbul') {
      this.add(meta, Object.values(meta.coverage));
    } else {
      // Needs the provider, which is busy while tests run; it may be too much for memory.
      const file = path.join(scratch, `raw.${this.kept.length}.json`);
      this.kept.push(file);
      fs.writeFileSync(file, JSON.stringify(meta));
    }
  }

  add(meta, coverages) {
    for (const file of meta.testFiles) this.evidence.addCoverage(path.resolve(this.coverage.ctx.config.root, file), coverages);
  }

  async finish() {
    for (const file of this.kept) {
      const meta = JSON.parse(fs.readFileSync(file, 'utf8'));
      fs.rmSync(file);
      await this.coverage.clean();
      await this.original(meta);
      const map = await this.generate({allTestsRun: false});
      this.add(meta, map.files().map((name) => map.fileCoverageFor(name).toJSON()));
    }
  }
}

const isFlaky = (task) =>
  task.tasks ? task.tasks.some(isFlaky) : task.result?.state === 'pass' && task.result.retryCount > 0;

function addOutcome(evidence, file) {
  const state = file.result?.state;
  const outcome = state === 'fail' ? 'failed' : state === 'pass' ? 'passed' : 'skipped';
  if (!state && file.mode === 'run') return;  // it was not executed
  const time = [file.result?.duration, file.collectDuration, file.setupDuration];
  evidence.addOutcome(file.filepath, outcome, isFlaky(file), time.reduce((sum, part) => sum + (part || 0), 0));
}

function writeFacts(vitest, version) {
  const isolated = vitest.projects.every((one) => one.config.isolate !== false);
  const values = {version, isolated: Number(isolated), bail: vitest.config.bail || 0, coverage: provider || 'none'};
  fs.writeFileSync(facts, Object.entries(values).map(([name, value]) => `${name} ${value}\n`).join(''));
}

async function run(vitest, specifications) {
  const evidence = new js.Evidence(lcov && provider ? lcov : '', junit);
  await vitest.init();
  const coverage = vitest.coverageProvider ?? vitest._coverageProvider;
  const recorder = lcov && coverage ? new Recorder(coverage, evidence) : null;
  await (vitest.runTestSpecifications ?? vitest.runFiles).call(vitest, specifications, !list);
  for (const file of vitest.state.getFiles()) addOutcome(evidence, file);
  if (recorder) await recorder.finish();
  evidence.end();
}

const fileOf = (specification) => specification.moduleId ?? specification[1];

async function main() {
  const api = await load('vitest/node', 'dist/node.js');
  if (!api?.parseCLI) refuse(`no Vitest 2 or later is installed for ${process.cwd()}`);
  const {filter, options} = api.parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
  checkOptions(options, filter);
  const given = {...options, watch: false, run: true};
  const coverage = coverageOptions();
  if (coverage) given.coverage = coverage;
  const vitest = await api.createVitest('test', given);
  checkOptions(vitest.config, []);
  const glob = vitest.getRelevantTestSpecifications ?? vitest.globTestSpecs ?? vitest.globTestFiles;
  let specifications = await glob.call(vitest, filter);
  if (collected) {
    js.appendList(collected, specifications.map(fileOf));
    writeFacts(vitest, api.version);
    await vitest.close();
    process.exit(0);
  }
  if (list) {
    const wanted = new Set(js.readList(list));
    specifications = specifications.filter((specification) => wanted.has(fileOf(specification)));
  }
  await run(vitest, specifications);
  await vitest.exit();
}

await main();
