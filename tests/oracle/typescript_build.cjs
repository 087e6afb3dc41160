// Compiles the TypeScript of a project as its tsconfig.json files say, whatever the checker thinks of the types.
//
//   node typescript_build.cjs COMPILER PROJECT OUT
//
// COMPILER is the folder of the package typescript. OUT becomes a copy of PROJECT with JavaScript and source maps in place of
// TypeScript; a module that a `paths` or `baseUrl` leads to is loaded by its own path.
const fs = require('node:fs');
const path = require('node:path');

const [compiler, project, out] = process.argv.slice(2).map((p) => path.resolve(p));
const ts = require(compiler);
const OURS = /\.[mc]?tsx?$/;

const sources = [], configs = new Map();
const copy = (folder) => {
  for (const entry of fs.readdirSync(path.join(project, folder), { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) copy(name);
    else if (OURS.test(name)) sources.push(path.join(project, name));
    else {
      if (entry.name === 'tsconfig.json') configs.set(path.join(project, folder), []);
      fs.mkdirSync(path.join(out, folder), { recursive: true });
      fs.copyFileSync(path.join(project, name), path.join(out, name));
    }
  }
};
copy('');

// Each file is compiled as the nearest tsconfig.json above it says.
for (const source of sources) {
  let folder = path.dirname(source);
  while (folder !== project && !configs.has(folder)) folder = path.dirname(folder);
  configs.get(folder).push(source);
}

const optionsOf = (folder) => {
  const read = ts.readConfigFile(path.join(folder, 'tsconfig.json'), ts.sys.readFile).config;
  return { ...ts.parseJsonConfigFileContent(read, ts.sys, folder).options, outDir: out, rootDir: project, sourceMap: true, types: [],
    noLib: true, noEmit: false, noEmitOnError: false, declaration: false, composite: false, incremental: false };
};

const compile = (roots, options) => {
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram(roots, options, host);
  const loaded = (from, module) => {
    const found = ts.resolveModuleName(module, from, options, host).resolvedModule?.resolvedFileName;
    if (module.startsWith('.') || !found?.startsWith(project + path.sep) || found.endsWith('.d.ts')) return module;
    const to = path.relative(path.dirname(from), found.replace(OURS, '.js'));
    return to.startsWith('.') ? to : './' + to;
  };
  const write = (name, text, mark, onError, [from] = []) => {
    const resolved = from ? text.replace(/\brequire\("([^"]+)"\)/g, (all, module) => `require("${loaded(from.fileName, module)}")`) : text;
    fs.mkdirSync(path.dirname(name), { recursive: true });
    fs.writeFileSync(name, resolved);
  };
  for (const root of roots) program.emit(program.getSourceFile(root), write);
};

for (const [folder, roots] of configs) {
  if (roots.length) compile(roots, optionsOf(folder));
}
