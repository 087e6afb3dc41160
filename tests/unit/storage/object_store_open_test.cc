// OpenObjectStore: every option is checked by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/object_store.h"
#include "tests/support/status_matchers.h"

namespace testselect {
namespace {

using ::testing::HasSubstr;

TEST(OpenObjectStoreTest, RefusesUrlsThatNameNoStore) {
  for (const char* const url : {"", "folder", "http://bucket/", "file://", "file:///",
                                "file://host/folder", "file:folder", "file:///a%20b"}) {
    ObjectStoreOptions options;
    options.url = url;
    EXPECT_THAT(OpenObjectStore(options),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("url=\"")))
        << url;
  }
}

TEST(OpenObjectStoreTest, DescribesTheFolder) {
  ObjectStoreOptions options;
  options.url = "file:///mnt/shared/";
  ASSERT_OK_AND_ASSIGN(const auto store, OpenObjectStore(options));
  EXPECT_EQ(store->description(), "file:///mnt/shared");
}

TEST(OpenObjectStoreTest, BoundsTheRequestsAtATime) {
  for (const int parallel : {0, -1, 257}) {
    ObjectStoreOptions options;
    options.url = "file:///mnt/shared";
    options.parallel = parallel;
    EXPECT_THAT(OpenObjectStore(options),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("parallel=\"")));
  }
}

}  // namespace
}  // namespace testselect
