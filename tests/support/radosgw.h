// The S3 gateway that CTest starts for the tests of the object store (tests/support/radosgw.sh).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "storage/object_store.h"

namespace testselect {

struct Radosgw {
  std::string configuration;  // of its cluster
  std::string http, https;    // "http://127.0.0.1:PORT"
  std::string ca_file;        // who signed the certificate of `https`
  std::string access_key, secret_key;

  // Nothing where it does not run: because Ceph is not installed, or a test was started by hand.
  static std::optional<Radosgw> Find();

  // Options of s3://bucket/prefix at `http`. The credentials lie in a file that this writes.
  ObjectStoreOptions Options(const std::string& credentials_file, const std::string& bucket) const;
  // Makes the bucket, if it is not there.
  void MakeBucket(const std::string& bucket) const;
};

// What a test says that is skipped without one.
inline constexpr char kNoRadosgw[] =
    "no radosgw runs: deploy/install-packages.sh radosgw, then ctest, or "
    "tests/support/radosgw.sh start build/<preset>/radosgw";

// A second gateway of the same cluster, for a test to stop or to end. Killed with this.
class OwnRadosgw {
 public:
  explicit OwnRadosgw(const Radosgw& radosgw);  // starts it
  ~OwnRadosgw();
  OwnRadosgw(const OwnRadosgw&) = delete;
  OwnRadosgw& operator=(const OwnRadosgw&) = delete;

  const std::string& http() const { return http_; }
  void Signal(int number) const;
  void End();    // SIGKILL, and waits
  void Start();  // again, at the same address, after End

 private:
  const std::string configuration_;
  int port_ = 0;
  std::string http_;
  pid_t pid_ = -1;
};

}  // namespace testselect
