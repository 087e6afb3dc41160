// Maven Surefire. A label is a test class: "com.example.ATest".
//
// Test classes are found in what `mvn test-compile` compiled. Surefire is told what to leave out
// (-Dsurefire.excludesFile), not what to run: so a class that is in no list always runs, and what a
// POM includes stays included. Evidence is the JVM's own log of the classes that it loads, of one
// JVM for each test class (class_log.h): whole source files, with nothing to install.
#pragma once

#include <memory>

#include "client/runners/runner.h"

namespace testselect::client {

std::unique_ptr<Runner> NewMavenRunner(const RunnerSetup& setup);

}  // namespace testselect::client
