// Node's test runner, watched: outcomes of all tests of a file, and the lines each of them executed.
//
//   node --import THIS --test-reporter=THIS FILE
//
// Writes to $ORACLE_REPORT: {"tests": [[title, outcome], ...], "lines": {title: {path: [line, ...]}}}. A title is joined by
// " > "; lines executed outside tests stand under "". Coverage is V8's, taken between tests. The programs lie below
// $ORACLE_ROOT, else below the current folder; of one with a source map beside it the lines are those it was made from.
import { afterEach, beforeEach } from 'node:test';
import fs from 'node:fs';
import inspector from 'node:inspector';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(process.env.ORACLE_ROOT ?? '.') + path.sep;
const session = new inspector.Session();
const ask = (method, params) => {
  let answer;
  session.post(method, params, (error, result) => { answer = error ? { result: [] } : result; });
  return answer;
};
session.connect();
ask('Profiler.enable');
ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

// The segments of a source map: [line, column, source, line of the source], all from 0.
const segments = (mappings) => {
  const found = [], at = [0, 0, 0, 0];
  mappings.split(';').forEach((of, line) => {
    at[0] = 0;
    for (const segment of of.split(',').filter(Boolean)) {
      let field = 0, value = 0, shift = 0;
      for (const c of segment) {
        const digit = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(c);
        value |= (digit & 31) << shift;
        if (digit & 32) { shift += 5; continue; }
        at[field++] += value & 1 ? -(value >> 1) : value >> 1;
        value = shift = 0;
      }
      if (field > 3) found.push([line, at[0], at[1], at[2]]);
    }
  });
  return found;
};

// {source: lines} of a program: those with a character that `ran`, or those that one was made from.
const linesOf = (file, text, ran) => {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  if (fs.existsSync(file + '.map')) {
    const map = JSON.parse(fs.readFileSync(file + '.map', 'utf8'));
    const lines = map.sources.map(() => new Set());
    for (const [line, column, source, from] of segments(map.mappings)) if (ran[starts[line] + column]) lines[source].add(from + 1);
    return map.sources.map((source, i) => [path.relative('.', path.resolve(path.dirname(file), map.sourceRoot ?? '', source)), lines[i]]);
  }
  const lines = new Set();
  starts.forEach((start, i) => {
    const end = starts[i + 1] ?? text.length;
    for (let at = start; at < end && !lines.has(i + 1); ++at) if (ran[at] && text[at].trim()) lines.add(i + 1);
  });
  return [[path.relative(root, file), lines]];
};

// What was executed since the last call, by the innermost range around each character.
const executed = () => {
  const files = {};
  for (const script of ask('Profiler.takePreciseCoverage').result) {
    if (!script.url.startsWith('file://' + root) || script.url.includes('/node_modules/')) continue;
    const file = fileURLToPath(script.url.split('?')[0]);
    if (!fs.existsSync(file)) continue;
    const text = fs.readFileSync(file, 'utf8');
    const ran = new Uint8Array(text.length);
    const ranges = script.functions.flatMap((f) => f.ranges);
    ranges.sort((a, b) => (b.endOffset - b.startOffset) - (a.endOffset - a.startOffset));
    for (const r of ranges) ran.fill(r.count > 0 ? 1 : 0, r.startOffset, r.endOffset);
    for (const [source, lines] of linesOf(file, text, ran)) files[source] = lines;
  }
  return files;
};

// Pieces of evidence, each of the test that was running, and the order in which tests ended.
const running = [], pieces = [], ended = [];
const take = () => pieces.push([running.at(-1), executed()]);
beforeEach(() => { take(); running.push({}); });
afterEach(() => { take(); ended.push(running.pop()); });

const tests = [], waiting = [];
const take_event = ({ type, data }) => {
  if (type !== 'test:pass' && type !== 'test:fail') return;
  const inner = [];
  while (waiting.length && waiting.at(-1).nesting > data.nesting) inner.unshift(waiting.pop());
  const suite = data.details?.type === 'suite';
  const skipped = data.skip !== undefined || data.todo !== undefined;
  const own = suite ? [] : [{ title: data.name, outcome: type === 'test:fail' ? 'failed' : skipped ? 'skipped' : 'passed' }];
  for (const test of inner.flatMap((w) => w.tests)) own.push({ ...test, title: `${data.name} > ${test.title}` });
  if (!suite && !skipped) own[0].number = tests.length, tests.push(own[0]);
  waiting.push({ nesting: data.nesting, tests: own });
};

export default async function* reporter(events) {
  for await (const event of events) take_event(event);
}

process.on('exit', () => {
  take();
  const all = waiting.flatMap((w) => w.tests);
  const lines = {};
  for (const [test, files] of pieces) {
    const number = ended.indexOf(test);
    const title = all.find((t) => t.number !== undefined && t.number === number)?.title ?? '';
    const of = (lines[title] ??= {});
    for (const [file, more] of Object.entries(files)) of[file] = [...new Set([...(of[file] ?? []), ...more])];
  }
  for (const test of all) lines[test.title] ??= {};
  fs.writeFileSync(process.env.ORACLE_REPORT, JSON.stringify({ tests: all.map((t) => [t.title, t.outcome]), lines }));
});
