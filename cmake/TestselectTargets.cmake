# How our targets are made: warnings, sanitizers and include root come from one INTERFACE target.

add_library(testselect_options INTERFACE)
target_include_directories(testselect_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(testselect_options INTERFACE -pthread -Wall -Wextra -Wshadow -Wnon-virtual-dtor
  $<$<BOOL:${TESTSELECT_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
if(TESTSELECT_SANITIZER STREQUAL "address+undefined")
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
elseif(TESTSELECT_SANITIZER STREQUAL "thread")
  set(sanitize -fsanitize=thread)
elseif(TESTSELECT_SANITIZER)
  message(FATAL_ERROR "TESTSELECT_SANITIZER: '${TESTSELECT_SANITIZER}' is not known")
endif()
if(TESTSELECT_FUZZERS)
  list(APPEND sanitize -fsanitize=fuzzer-no-link)  # everywhere: precompiled headers must be made alike
endif()
target_compile_options(testselect_options INTERFACE ${sanitize})
target_link_options(testselect_options INTERFACE ${sanitize})

# Line tables are enough for stack traces; full debug information doubles the time to compile.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

find_program(TESTSELECT_CCACHE ccache)
if(TESTSELECT_CCACHE)
  # What ccache must be told to cache units that use a precompiled header.
  set(CMAKE_C_COMPILER_LAUNCHER ${TESTSELECT_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
    ${TESTSELECT_CCACHE})
  target_compile_options(testselect_options INTERFACE
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>
    "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
find_program(TESTSELECT_MOLD mold)
if(TESTSELECT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Headers that nearly every unit parses, compiled once: half of the time to build went there. `rpc` is
# for units that speak gRPC, `test` for tests.
set(common_headers <algorithm> <cstdint> <functional> <map> <memory> <optional> <string> <utility> <vector>
  <absl/container/flat_hash_map.h> <absl/container/flat_hash_set.h> <absl/status/status.h>
  <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/strings/string_view.h> <absl/time/clock.h>
  <absl/time/time.h> <absl/types/span.h>)
set(headers_rpc <grpcpp/grpcpp.h>)
set(headers_test <gmock/gmock.h> <gtest/gtest.h>)
set(libraries_test GTest::gmock)  # its macros must be the tests'
set(flavors common rpc)
if(TESTSELECT_TESTS)
  list(APPEND flavors test)
endif()
foreach(flavor ${flavors})
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled/${flavor}.cc.new "")
  file(COPY_FILE ${PROJECT_BINARY_DIR}/precompiled/${flavor}.cc.new
    ${PROJECT_BINARY_DIR}/precompiled/${flavor}.cc ONLY_IF_DIFFERENT)
  add_library(testselect_precompiled_${flavor} OBJECT EXCLUDE_FROM_ALL
    ${PROJECT_BINARY_DIR}/precompiled/${flavor}.cc)
  target_link_libraries(testselect_precompiled_${flavor} PRIVATE testselect_options
    ${libraries_${flavor}})
  target_precompile_headers(testselect_precompiled_${flavor} PRIVATE ${common_headers}
    ${headers_${flavor}})
endforeach()

# testselect_library(name SOURCES ... [PUBLIC lib...] [PRIVATE lib...] [PRECOMPILED rpc]): one static library per folder,
# target testselect_<name>, alias testselect::<name>. PRECOMPILED rpc for one that speaks gRPC.
function(testselect_library name)
  cmake_parse_arguments(arg "" "PRECOMPILED" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(NOT arg_PRECOMPILED)
    set(arg_PRECOMPILED common)
  endif()
  add_library(testselect_${name} STATIC ${arg_SOURCES})
  add_library(testselect::${name} ALIAS testselect_${name})
  target_link_libraries(testselect_${name} PUBLIC ${arg_PUBLIC} PRIVATE testselect_options ${arg_PRIVATE})
  target_include_directories(testselect_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_precompile_headers(testselect_${name} REUSE_FROM testselect_precompiled_${arg_PRECOMPILED})
endfunction()

# testselect_test(name SOURCES ... LIBRARIES ... [FIXTURE name]): a GoogleTest binary; each of its tests is one of
# CTest's. FIXTURE: the fixture of CTest that all of them need. Tests get TESTSELECT_SOURCE_DIR in their environment (a
# list of two would not survive the discovery); programs they start lie beside them.
function(testselect_test name)
  cmake_parse_arguments(arg "" "FIXTURE" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE testselect_options ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM testselect_precompiled_test)
  set(fixture)
  if(arg_FIXTURE)
    set(fixture FIXTURES_REQUIRED ${arg_FIXTURE})
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES ${fixture}
    ENVIRONMENT TESTSELECT_SOURCE_DIR=${PROJECT_SOURCE_DIR}
    TIMEOUT 300)
endfunction()
