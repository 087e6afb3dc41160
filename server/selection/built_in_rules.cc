#include "server/selection/built_in_rules.h"

namespace testselect {

// In the order in which they are asked from the end: what stands further down is more specific.
// Nothing here is code that a test executes: that is explained by evidence, whatever its name.
const absl::string_view kBuiltInRules = R"yaml(
# How the project is built: its effect reaches everything.
run_all:
- CMakeLists.txt
- "*.cmake"
- CMakePresets.json
- Makefile
- GNUmakefile
- "*.mk"
- meson.build
- meson_options.txt
- meson.options
- configure.ac
- BUILD
- BUILD.bazel
- WORKSPACE
- WORKSPACE.bazel
- MODULE.bazel
- .bazelrc
- .bazelversion
- go.mod
- go.work
- pom.xml
- build.gradle
- build.gradle.kts
- settings.gradle
- settings.gradle.kts
- gradle.properties
- Rakefile
- "*.gemspec"

# What is installed.
environment:
- requirements*.txt
- requirements*.in
- /requirements/**
- constraints*.txt
- poetry.lock
- pdm.lock
- uv.lock
- pixi.lock
- pylock*.toml
- Pipfile*
- environment.yml
- environment.yaml
- .python-version
- .tool-versions
- yarn.lock
- pnpm-lock.yaml
- pnpm-workspace.yaml
- bun.lock
- bun.lockb
- .npmrc
- .nvmrc
- .node-version
- go.sum
- go.work.sum
- rust-toolchain
- rust-toolchain.toml
- Gemfile*
- .ruby-version
- gradle.lockfile
- "*.versions.toml"
- gradle/wrapper/**
- conanfile.txt
- vcpkg.json
- MODULE.bazel.lock
- flake.lock

keys:
- paths: pyproject.toml
  relevant: [project.entry-points, project.scripts, project.gui-scripts, tool.pytest,
    tool.poetry.plugins, tool.poetry.scripts, tool.tox, tool.hatch.envs]
  environment: [project.dependencies, project.optional-dependencies, project.requires-python,
    build-system, dependency-groups, tool.poetry, tool.pdm, tool.uv,
    tool.hatch.build, tool.setuptools, tool.flit, tool.pixi, tool.conda-lock,
    tool.cibuildwheel]
- paths: setup.cfg
  relevant: ["tool:pytest", pytest, options.entry_points]
  environment: [options, tox]
- paths: tox.ini
  relevant: [pytest]
  harmless: [flake8, pycodestyle, pydocstyle, isort, pep8]
  otherwise: environment
- paths: package.json
  harmless: [name, version, description, keywords, homepage, bugs, license, author, contributors,
    funding, repository, private, publishConfig, scripts, eslintConfig, eslintIgnore, prettier,
    stylelint, lint-staged, husky, commitlint, release, np]
  relevant: ["scripts.*test*", "scripts.*jest*", "scripts.*mocha*", "scripts.*vitest*"]
  environment: [dependencies, devDependencies, peerDependencies, peerDependenciesMeta,
    optionalDependencies, bundledDependencies, bundleDependencies, overrides, resolutions, engines,
    packageManager, pnpm, scripts.preinstall, scripts.install, scripts.postinstall,
    scripts.prepare]
- paths: [package-lock.json, npm-shrinkwrap.json]
  harmless: [name, version, 'packages."".name', 'packages."".version', 'packages."".license']
  otherwise: environment
- paths: Cargo.toml
  harmless: [package.version, package.rust-version, package.description, package.authors, package.license,
    package.license-file, package.readme, package.repository, package.homepage,
    package.documentation, package.keywords, package.categories, package.publish,
    package.metadata.docs, package.metadata.release, workspace.metadata.release,
    workspace.package.version, workspace.package.rust-version, workspace.package.description,
    workspace.package.authors, workspace.package.license, workspace.package.license-file,
    workspace.package.readme, workspace.package.repository, workspace.package.homepage,
    workspace.package.documentation, workspace.package.keywords, workspace.package.categories,
    workspace.package.publish]
  # Which version is taken is said by Cargo.lock; which features, path or source is said here.
  environment: [dependencies.*.version, dev-dependencies.*.version, build-dependencies.*.version,
    target.*.dependencies.*.version, target.*.dev-dependencies.*.version,
    workspace.dependencies.*.version]
- paths: Cargo.lock
  format: cargo-lock
  harmless: [own.*.version]
  otherwise: environment
  action: environment

# Documentation, linters, and what people and hosts read.
harmless:
- .testselect.yml
- /docs/**
- /doc/**
- /examples/**
- /artwork/**
- /bench/**
- /performance/**
- /changelog.d/**
- /typing_tests/**
- "*.md"
- "*.rst"
- "*.adoc"
- "*.pyi"
- LICENSE*
- LICENCE*
- COPYING*
- NOTICE
- AUTHORS*
- CONTRIBUTORS*
- CONTRIBUTING*
- MAINTAINERS*
- CODEOWNERS
- CHANGES*
- CHANGELOG*
- HISTORY*
- CITATION.cff
- SECURITY*
- /.github/**
- /.gitlab/**
- /.gitlab-ci.yml
- /.circleci/**
- /.travis.yml
- /.buildkite/**
- /azure-pipelines.yml
- /appveyor.yml
- /.appveyor.yml
- /.cirrus.yml
- /.devcontainer/**
- /.vscode/**
- /.idea/**
- .editorconfig
- .gitignore
- .git-blame-ignore-revs
- .mailmap
- .dockerignore
- .pre-commit-config.yaml
- .pre-commit-hooks.yaml
- .readthedocs*
- codecov.yml
- .codecov.yml
- .coveragerc
- renovate.json
- .renovaterc*
- MANIFEST.in
- .flake8
- .pylintrc
- pylintrc
- mypy.ini
- .mypy.ini
- pyrightconfig.json
- ruff.toml
- .ruff.toml
- .isort.cfg
- .yamllint*
- .markdownlint*
- .codespellrc
- .bandit
- .clang-format
- .clang-tidy
- .clangd
- .golangci.*
- .eslintrc*
- .eslintignore
- eslint.config.*
- .prettierrc*
- .prettierignore
- .stylelintrc*
- .rubocop*.yml
- rustfmt.toml
- .rustfmt.toml
- clippy.toml
- .clippy.toml
- checkstyle*.xml

# What the test runner itself reads, wherever it lies. The last word: a documentation folder may
# have tests too.
run_all:
- pytest.ini
- .pytest.ini
- pytest.toml
- .pytest.toml
- jest.config.*
- jest.setup.*
- vitest.config.*
- vitest.workspace.*
- vite.config.*
- .mocharc*
- karma.conf.*
- ava.config.*
- playwright.config.*
- cypress.config.*
- babel.config.*
- .babelrc*
- tsconfig*.json
- jsconfig.json
- .swcrc
- __mocks__/
- CTestConfig.cmake
- CTestCustom.cmake
- nextest.toml
- .rspec
- phpunit.xml*
- junit-platform.properties
)yaml";

}  // namespace testselect
