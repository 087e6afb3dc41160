// Written beside what `testselect run` loads into Jest and Vitest: what each test file executed, as
// lcov records that name it, and how it ended, as JUnit XML. A label is the file's path from the top
// of the checkout on. Nothing here needs more than Node.
'use strict';

const fs = require('fs');
const path = require('path');
const {fileURLToPath} = require('url');
const {SourceMap} = require('module');

const top = process.env.TESTSELECT_RUN_TOP;

const fromTop = (file) => path.relative(top, file).split(path.sep).join('/');
// A list ends each of its values with a NUL byte, because a path may hold anything else.
const readList = (file) => fs.readFileSync(file, 'utf8').split('\0').slice(0, -1);
const appendList = (file, values) => fs.appendFileSync(file, values.map((value) => value + '\0').join(''));

const escapes = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;'};
const escaped = (text) =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[&<>"]/g, (c) => escapes[c]).replace(/[\x00-\x1f]/g, (c) => `&#${c.charCodeAt(0)};`);

// Where the statements of a file that was instrumented after another tool had translated it stand in
// the sources of it: what a line of the translation comes from.
class Original {
  constructor(file, map) {
    this.file = file;
    this.map = new SourceMap(map);
    this.root = map.sourceRoot || '';
  }

  at(line, column) {
    const entry = this.map.findEntry(line - 1, column);
    if (!entry || !entry.originalSource) return null;
    let source = entry.originalSource;
    if (source.startsWith('file://')) source = fileURLToPath(source);
    return [path.resolve(path.dirname(this.file), this.root, source), entry.originalLine + 1];
  }
}

// Of an Istanbul file coverage: for each counter the file and the line it stands for, made once.
const placed = new Map();
function placesOf(coverage) {
  const key = coverage.path + '\0' + (coverage.hash || Object.keys(coverage.statementMap).length);
  let places = placed.get(key);
  if (places) return places;
  const original = coverage.inputSourceMap ? new Original(coverage.path, coverage.inputSourceMap) : null;
  const place = ({line, column}) => (original ? original.at(line, column) : [coverage.path, line]);
  places = {s: {}, f: {}};
  for (const [id, where] of Object.entries(coverage.statementMap)) places.s[id] = [place(where.start)];
  for (const [id, where] of Object.entries(coverage.fnMap)) {
    places.f[id] = [place((where.decl || where.loc).start), place(where.loc.start)];
  }
  placed.set(key, places);
  return places;
}

function addExecuted(coverage, lines) {
  const places = placesOf(coverage);
  for (const kind of ['s', 'f']) {
    for (const [id, count] of Object.entries(coverage[kind])) {
      if (!count) continue;
      for (const place of places[kind][id] || []) {
        if (!place) continue;
        if (!lines.has(place[0])) lines.set(place[0], new Set());
        lines.get(place[0]).add(place[1]);
      }
    }
  }
}

class Evidence {
  // `lcov` and `junit`: paths; either may be missing.
  constructor(lcov, junit) {
    this.lcovPath = lcov;
    this.lcov = lcov ? fs.openSync(lcov, 'w') : -1;
    this.junit = junit ? fs.openSync(junit, 'w') : -1;
    this.sizes = new Map();
    if (this.junit >= 0) fs.writeSync(this.junit, '<testsuites>\n');
  }

  // How many lines a test file has, all of which its label executes: no tool instruments it.
  lineCount(file) {
    if (!this.sizes.has(file)) this.sizes.set(file, fs.readFileSync(file, 'utf8').split('\n').length);
    return this.sizes.get(file);
  }

  // `coverages`: Istanbul's file coverages, with counters of this test file alone.
  addCoverage(testFile, coverages) {
    if (this.lcov < 0) return;
    const lines = new Map();
    for (const coverage of coverages) addExecuted(coverage, lines);
    this.addLines(testFile, lines);
  }

  // `lines`: of absolute paths.
  addLines(testFile, lines) {
    const label = fromTop(testFile);
    if (this.lcov < 0 || /[\r\n]/.test(label)) return;
    lines.set(testFile, new Set(Array.from({length: this.lineCount(testFile)}, (_, i) => i + 1)));
    let text = `TN:${label}\n`;
    for (const [file, executed] of lines) {
      if (/[\r\n]/.test(file)) continue;
      text += `SF:${fromTop(file)}\n`;
      for (const line of executed) text += `DA:${line},1\n`;
      text += 'end_of_record\n';
    }
    fs.writeSync(this.lcov, text);
  }

  // `outcome`: passed, failed, skipped; flaky: passed after it had failed.
  addOutcome(testFile, outcome, flaky, milliseconds) {
    if (this.junit < 0) return;
    const inner = {failed: '<failure/>', skipped: '<skipped/>', passed: flaky ? '<flakyFailure/>' : ''}[outcome];
    const seconds = Math.max(0, milliseconds / 1000 || 0);
    const label = escaped(fromTop(testFile));
    fs.writeSync(this.junit, `<testcase classname="" name="${label}" file="${label}" time="${seconds}">${inner}</testcase>\n`);
  }

  end() {
    if (this.junit >= 0) fs.writeSync(this.junit, '</testsuites>\n');
    // A report that names no test is refused, and what other rounds left with it.
    if (this.lcov >= 0 && fs.fstatSync(this.lcov).size === 0) fs.unlinkSync(this.lcovPath);
    for (const file of [this.junit, this.lcov]) if (file >= 0) fs.closeSync(file);
  }
}

module.exports = {Evidence, readList, appendList, fromTop};
