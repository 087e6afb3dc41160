# Published tree-sitter grammars, compiled from the C sources that their npm packages carry. Versions and checksums
# are locked in cmake/grammars/; `npm ci` fetches them while building, once, and runs no script of theirs.
#
#   include(TestselectGrammars)
#   testselect_grammar(python SCANNER)                                       -> target testselect::grammar_python
#   testselect_grammar(tsx PACKAGE tree-sitter-typescript SUBFOLDER tsx SCANNER)
#
include_guard(GLOBAL)
pkg_check_modules(tree_sitter IMPORTED_TARGET tree-sitter)
find_program(TESTSELECT_NPM npm)
if(NOT tree_sitter_FOUND)
  message(FATAL_ERROR "tree-sitter is missing (Debian: libtree-sitter-dev). deploy/install-packages.sh build installs it.")
endif()
if(NOT TESTSELECT_NPM)
  message(FATAL_ERROR "npm is missing: it fetches the grammars of programming languages (Debian: npm). "
    "deploy/install-packages.sh build installs it.")
endif()

set(grammar_source ${PROJECT_SOURCE_DIR}/cmake/grammars)
set(grammar_build ${PROJECT_BINARY_DIR}/grammars)
set(grammar_fetch "${TESTSELECT_NPM} ci --ignore-scripts --omit=peer --legacy-peer-deps --no-audit --no-fund --loglevel=error")
# The second try is for networks whose proxy shows a certificate that a bare image does not know. Nobody is trusted by
# it: npm refuses what has not the SHA-512 that the lock file names, whoever sends it.
add_custom_command(
  OUTPUT ${grammar_build}/installed
  COMMAND ${CMAKE_COMMAND} -E copy ${grammar_source}/package.json ${grammar_source}/package-lock.json ${grammar_build}
  COMMAND sh -c "${grammar_fetch} || ${grammar_fetch} --strict-ssl=false"
  COMMAND ${CMAKE_COMMAND} -E touch ${grammar_build}/installed
  WORKING_DIRECTORY ${grammar_build}
  DEPENDS ${grammar_source}/package.json ${grammar_source}/package-lock.json
  COMMENT "Fetching tree-sitter grammars" VERBATIM)
file(MAKE_DIRECTORY ${grammar_build})
add_custom_target(testselect_grammar_sources DEPENDS ${grammar_build}/installed)

# testselect_grammar(name [PACKAGE package] [SUBFOLDER folder] [SCANNER]): the package is tree-sitter-<name> unless
# named, the sources are in its [<folder>/]src. SCANNER: there is a scanner.c beside parser.c.
function(testselect_grammar name)
  cmake_parse_arguments(arg "SCANNER" "PACKAGE;SUBFOLDER" "" ${ARGN})
  if(NOT arg_PACKAGE)
    set(arg_PACKAGE tree-sitter-${name})
  endif()
  cmake_path(APPEND folder ${grammar_build}/node_modules/${arg_PACKAGE} "${arg_SUBFOLDER}" src)
  set(units parser)
  if(arg_SCANNER)
    list(APPEND units scanner)
  endif()
  set(sources)
  foreach(unit ${units})
    # One line that includes the generated source, which is not there yet when CMake configures.
    set(source ${grammar_build}/${name}_${unit}.c)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${folder}/${unit}.c\"\n")
    set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${grammar_build}/installed)
    list(APPEND sources ${source})
  endforeach()
  add_library(testselect_grammar_${name} STATIC EXCLUDE_FROM_ALL ${sources})
  add_library(testselect::grammar_${name} ALIAS testselect_grammar_${name})
  add_dependencies(testselect_grammar_${name} testselect_grammar_sources)
  target_compile_options(testselect_grammar_${name} PRIVATE -w -O2)
  target_link_libraries(testselect_grammar_${name} PUBLIC PkgConfig::tree_sitter)
endfunction()
