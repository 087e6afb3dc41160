// Jest's --filter of `testselect run jest`: writes down which test files there are, or leaves those
// of a list. Jest 30 wants names, earlier versions objects.
'use strict';

const {readList, appendList} = require('./js_evidence.cjs');

const {TESTSELECT_RUN_COLLECTED: collected, TESTSELECT_RUN_LIST: list} = process.env;
const wanted = list ? new Set(readList(list)) : null;

module.exports = async (files) => {
  if (collected) appendList(collected, files);
  const left = wanted ? files.filter((file) => wanted.has(file)) : files;
  const objects = Number(process.env.TESTSELECT_RUN_JEST) < 30;
  return {filtered: objects ? left.map((test) => ({test})) : left};
};
