// The few macros of doctest that the native tests use, written here for machines without it (a GPU machine
// has often nothing but nvcc, CMake and Python). Where doctest is installed, it is used.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace doctest {

struct Case {
  const char* name;
  void (*body)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

inline int add_case(const char* name, void (*body)()) {
  cases().push_back({name, body});
  return 0;
}

// Of the case that runs.
struct Run {
  const char* name = "";
  int checks = 0;
  int failures = 0;
  std::vector<std::function<std::string()>> notes;
};

inline Run& run() {
  static Run state;
  return state;
}

struct Stop {};

inline void fail(const char* file, int line, const std::string& what) {
  ++run().failures;
  std::cout << file << ":" << line << ": " << run().name << "\n  " << what << "\n";
  for (const auto& note : run().notes) std::cout << "  with " << note() << "\n";
}

inline void check(bool holds, const char* file, int line, const char* text, const std::string& more,
                  bool stop) {
  ++run().checks;
  if (holds) return;
  fail(file, line, std::string("does not hold: ") + text + (more.empty() ? "" : "\n  " + more));
  if (stop) throw Stop();
}

class Note {
 public:
  explicit Note(std::function<std::string()> text) { run().notes.push_back(std::move(text)); }
  Note(const Note&) = delete;
  Note& operator=(const Note&) = delete;
  ~Note() { run().notes.pop_back(); }
};

class Approx {
 public:
  explicit Approx(double value) : value_(value) {}
  Approx& epsilon(double epsilon) {
    epsilon_ = epsilon;
    return *this;
  }
  friend bool operator==(double other, const Approx& self) {
    return std::fabs(other - self.value_) <
           self.epsilon_ * (1 + std::fmax(std::fabs(other), std::fabs(self.value_)));
  }

 private:
  double value_;
  double epsilon_ = 1.1920929e-5;
};

// Cases whose names hold what `--test-case=*TEXT*` says; all without it.
inline int run_all(int count, char** arguments) {
  std::string wanted;
  for (int i = 1; i < count; ++i) {
    const char* option = "--test-case=";
    if (std::strncmp(arguments[i], option, std::strlen(option)) == 0)
      wanted = arguments[i] + std::strlen(option);
  }
  std::erase(wanted, '*');
  int ran = 0, failed = 0, checks = 0;
  for (const Case& test : cases()) {
    if (std::string(test.name).find(wanted) == std::string::npos) continue;
    run() = {};
    run().name = test.name;
    try {
      test.body();
    } catch (const Stop&) {
    } catch (const std::exception& error) {
      fail("", 0, error.what());
    }
    ++ran;
    failed += run().failures > 0;
    checks += run().checks;
  }
  std::cout << "test cases: " << ran << " | " << ran - failed << " passed | " << failed
            << " failed\nassertions: " << checks << "\n";
  return failed > 0;
}

}  // namespace doctest

#define DOCTEST_JOIN2(a, b) a##b
#define DOCTEST_JOIN(a, b) DOCTEST_JOIN2(a, b)
#define DOCTEST_TEXT(streamed) (static_cast<std::ostringstream&&>(std::ostringstream() << streamed).str())
#define TEST_CASE(name)                                                      \
  static void DOCTEST_JOIN(doctest_case_, __LINE__)();                       \
  [[maybe_unused]] static const int DOCTEST_JOIN(doctest_added_, __LINE__) = \
      doctest::add_case(name, &DOCTEST_JOIN(doctest_case_, __LINE__));       \
  static void DOCTEST_JOIN(doctest_case_, __LINE__)()
#define CHECK(...) doctest::check(static_cast<bool>(__VA_ARGS__), __FILE__, __LINE__, #__VA_ARGS__, "", false)
#define CHECK_FALSE(...) \
  doctest::check(!static_cast<bool>(__VA_ARGS__), __FILE__, __LINE__, "not: " #__VA_ARGS__, "", false)
#define REQUIRE(...) \
  doctest::check(static_cast<bool>(__VA_ARGS__), __FILE__, __LINE__, #__VA_ARGS__, "", true)
#define CHECK_MESSAGE(condition, streamed) \
  doctest::check(static_cast<bool>(condition), __FILE__, __LINE__, #condition, DOCTEST_TEXT(streamed), false)
#define REQUIRE_MESSAGE(condition, streamed) \
  doctest::check(static_cast<bool>(condition), __FILE__, __LINE__, #condition, DOCTEST_TEXT(streamed), true)
#define INFO(streamed) \
  const doctest::Note DOCTEST_JOIN(doctest_note_, __LINE__)([&] { return DOCTEST_TEXT(streamed); })
#define CAPTURE(value) INFO(#value << " = " << value)
#define MESSAGE(streamed) (std::cout << streamed << "\n")
#define FAIL(streamed) (doctest::fail(__FILE__, __LINE__, DOCTEST_TEXT(streamed)), throw doctest::Stop())

#ifdef DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
int main(int count, char** arguments) { return doctest::run_all(count, arguments); }
#endif
