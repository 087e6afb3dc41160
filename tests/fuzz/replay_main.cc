// Runs a fuzz target over files: the seed corpus in the ordinary build, or what a fuzzer found.
//
//   <target> FILE|FOLDER...      exit status 0 if it survives all, 2 if there were none
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// The input itself, cut off at every few bytes, and with single bits flipped.
void Replay(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  const auto run = [](const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  run(whole);
  const size_t step = whole.size() / 97 + 1;
  for (size_t n = 0; n < whole.size(); n += step) {
    run(whole.substr(0, n));
    std::string flipped = whole;
    flipped[n] = static_cast<char>(flipped[n] ^ (1 << n % 8));
    run(flipped);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  for (int i = 1; i < argc; ++i) {
    const std::filesystem::path path = argv[i];
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry);
    } else {
      files.push_back(path);
    }
    for (const auto& file : files) {
      Replay(file);
      ++count;
    }
  }
  std::printf("%d inputs\n", count);
  return count > 0 ? 0 : 2;
}
