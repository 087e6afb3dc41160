#include "server/source/parse_memory.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/base/config.h"

namespace testselect {
namespace {

#if defined(ABSL_HAVE_ADDRESS_SANITIZER)
constexpr bool kOwnBlocks = false;
#else
constexpr bool kOwnBlocks = true;
#endif

// tree-sitter cannot be told that there is no memory left.
void* Must(void* memory) {
  if (memory != nullptr) return memory;
  std::fputs("tree-sitter: out of memory\n", stderr);
  std::abort();
}

// Pieces of a few sizes, with a list of free ones for each size: multiples of 16 bytes up to
// kLargestSmall, powers of two beyond. A piece begins with eight bytes that say its size, so that
// what follows them is aligned like malloc's.
class Blocks {
 public:
  void* Allocate(size_t bytes) {
    const size_t size = SizeFor(bytes);
    Free*& list = free_[ListOf(size)];
    if (list != nullptr) {
      Free* const piece = list;
      list = piece->next;
      return piece;
    }
    if (static_cast<size_t>(end_ - next_) < size) NewBlock(size);
    char* const piece = next_;
    next_ += size;
    std::memcpy(piece, &size, sizeof(size));
    return piece + kHeader;
  }
  void* Reallocate(void* piece, size_t bytes) {
    const size_t had = SizeOf(piece) - kHeader;
    if (bytes <= had) return piece;
    void* const larger = Allocate(bytes);
    std::memcpy(larger, piece, had);
    Release(piece);
    return larger;
  }
  void Release(void* piece) {
    Free*& list = free_[ListOf(SizeOf(piece))];
    Free* const freed = static_cast<Free*>(piece);
    freed->next = list;
    list = freed;
  }
  // Takes everything back.
  void Clear() {
    free_.fill(nullptr);
    size_t kept = 0;
    while (kept < blocks_.size() && (kept + 1) * kBlock <= ParseMemory::kKeptBytes &&
           blocks_[kept].size == kBlock) {
      ++kept;
    }
    blocks_.resize(kept);
    used_ = 0;
    next_ = end_ = nullptr;
  }

 private:
  struct Free {
    Free* next;
  };
  struct Freer {
    void operator()(char* memory) const { std::free(memory); }
  };
  struct Block {
    std::unique_ptr<char, Freer> memory;
    size_t size = 0;
  };
  static constexpr size_t kHeader = sizeof(size_t);
  static constexpr size_t kBlock = 256u << 10;
  static constexpr size_t kLargestSmall = 1024;
  static constexpr size_t kSmallSizes = kLargestSmall / 16 + 1;

  static size_t SizeFor(size_t bytes) {
    const size_t size = (bytes + kHeader + 15) & ~size_t{15};
    return size <= kLargestSmall ? size : std::bit_ceil(size);
  }
  static size_t ListOf(size_t size) {
    return size <= kLargestSmall ? size / 16
                                 : kSmallSizes + static_cast<size_t>(std::bit_width(size));
  }
  static size_t SizeOf(const void* piece) {
    size_t size;
    std::memcpy(&size, static_cast<const char*>(piece) - kHeader, sizeof(size));
    return size;
  }
  void NewBlock(size_t piece) {
    const size_t size = std::max(kBlock, piece + 16);
    if (used_ == blocks_.size() || blocks_[used_].size < size) {
      char* const memory = static_cast<char*>(Must(std::malloc(size)));
      blocks_.insert(blocks_.begin() + static_cast<ptrdiff_t>(used_),
                     Block{std::unique_ptr<char, Freer>(memory), size});
    }
    next_ = blocks_[used_].memory.get() + kHeader;  // 8 beyond a multiple of 16, as all pieces
    end_ = blocks_[used_].memory.get() + size;
    ++used_;
  }

  std::array<Free*, kSmallSizes + 65> free_{};
  char* next_ = nullptr;
  char* end_ = nullptr;
  std::vector<Block> blocks_;
  size_t used_ = 0;  // blocks at work; those behind them are kept from earlier
};

thread_local Blocks t_blocks;
thread_local Blocks* t_active = nullptr;

void* Malloc(size_t bytes) {
  return t_active != nullptr ? t_active->Allocate(bytes) : Must(std::malloc(bytes));
}
void* Calloc(size_t count, size_t bytes) {
  if (t_active == nullptr) return Must(std::calloc(count, bytes));
  return std::memset(t_active->Allocate(count * bytes), 0, count * bytes);
}
void* Realloc(void* piece, size_t bytes) {
  if (t_active == nullptr) return Must(std::realloc(piece, bytes));
  return piece == nullptr ? t_active->Allocate(bytes) : t_active->Reallocate(piece, bytes);
}
void Release(void* piece) {
  if (t_active == nullptr) {
    std::free(piece);
  } else if (piece != nullptr) {
    t_active->Release(piece);
  }
}

}  // namespace

ParseMemory::ParseMemory() {
  if (!kOwnBlocks) return;
  static const bool installed = (ts_set_allocator(Malloc, Calloc, Realloc, Release), true);
  if (installed) t_active = &t_blocks;
}

ParseMemory::~ParseMemory() {
  if (t_active == nullptr) return;
  t_active->Clear();
  t_active = nullptr;
}

bool ParseMemory::takes_all() { return kOwnBlocks; }

}  // namespace testselect
