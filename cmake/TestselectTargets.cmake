# How our targets are made: warnings, sanitizers and include root come from one INTERFACE target.

add_library(testselect_options INTERFACE)
target_include_directories(testselect_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(testselect_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
  $<$<BOOL:${TESTSELECT_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
if(TESTSELECT_SANITIZER STREQUAL "address+undefined")
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
elseif(TESTSELECT_SANITIZER STREQUAL "thread")
  set(sanitize -fsanitize=thread)
elseif(TESTSELECT_SANITIZER)
  message(FATAL_ERROR "TESTSELECT_SANITIZER: '${TESTSELECT_SANITIZER}' is not known")
endif()
target_compile_options(testselect_options INTERFACE ${sanitize})
target_link_options(testselect_options INTERFACE ${sanitize})

find_program(TESTSELECT_CCACHE ccache)
if(TESTSELECT_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${TESTSELECT_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TESTSELECT_CCACHE})
endif()
find_program(TESTSELECT_MOLD mold)
if(TESTSELECT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# testselect_library(name SOURCES ... [PUBLIC lib...] [PRIVATE lib...]): one static library per folder,
# target testselect_<name>, alias testselect::<name>.
function(testselect_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(testselect_${name} STATIC ${arg_SOURCES})
  add_library(testselect::${name} ALIAS testselect_${name})
  target_link_libraries(testselect_${name} PUBLIC ${arg_PUBLIC} PRIVATE testselect_options ${arg_PRIVATE})
  target_include_directories(testselect_${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()

# testselect_test(name SOURCES ... LIBRARIES ...): a GoogleTest binary; each of its tests is one of
# CTest's. Tests get TESTSELECT_SOURCE_DIR and TESTSELECT_BINARY_DIR in their environment.
function(testselect_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE testselect_options ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES
    ENVIRONMENT "TESTSELECT_SOURCE_DIR=${PROJECT_SOURCE_DIR};TESTSELECT_BINARY_DIR=${PROJECT_BINARY_DIR}"
    TIMEOUT 300)
endfunction()
