#include "server/ingest/report_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ingest/report_files.h"
#include "tests/unit/ingest/shared_corpus.h"

namespace testselect {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Member {
  std::string name, content;
  unsigned int type = AE_IFREG;
  std::string link = "";
};

class ReportArchiveTest : public ReportFilesTest {
 protected:
  // An archive as somebody might make it by hand.
  std::string Archive(const std::vector<Member>& members,
                      int (*format)(archive*) = archive_write_set_format_pax_restricted) {
    std::string content(1 << 20, '\0');
    size_t used = 0;
    archive* const writer = archive_write_new();
    format(writer);
    EXPECT_EQ(archive_write_open_memory(writer, content.data(), content.size(), &used), ARCHIVE_OK);
    for (const Member& member : members) {
      archive_entry* const entry = archive_entry_new();
      archive_entry_copy_pathname(entry, member.name.c_str());
      archive_entry_set_filetype(entry, member.type);
      archive_entry_set_perm(entry, 0644);
      if (member.type == AE_IFREG) {
        archive_entry_set_size(entry, static_cast<int64_t>(member.content.size()));
      }
      if (member.type == AE_IFLNK) archive_entry_copy_symlink(entry, member.link.c_str());
      if (member.type == AE_IFREG && !member.link.empty()) {
        archive_entry_copy_hardlink(entry, member.link.c_str());
      }
      EXPECT_GE(archive_write_header(writer, entry), ARCHIVE_WARN) << archive_error_string(writer);
      archive_write_data(writer, member.content.data(), member.content.size());
      archive_entry_free(entry);
    }
    archive_write_close(writer);
    archive_write_free(writer);
    content.resize(used);
    return content;
  }

  // "path=content" of each file, or the error.
  absl::StatusOr<std::vector<std::string>> Unpack(const std::string& archive,
                                                  uint64_t max_bytes = 1 << 20) {
    const ReportFile report = Report(archive);
    auto source = OpenReportFile(report.file, "all", folder_.string(), 1 << 24);
    if (!source.ok()) return source.status();
    EXPECT_TRUE(IsArchive((*source)->Peek().value()));
    const auto unpacked = UnpackedArchive::Unpack(**source, folder_.string(), max_bytes);
    if (!unpacked.ok()) return unpacked.status();
    std::vector<std::string> files;
    for (const auto& file : (*unpacked)->files()) {
      files.push_back(absl::StrCat(file.path, "=", FileContent(file.file)));
    }
    return files;
  }

  std::string Packed(const fs::path& folder) {
    const std::string file = (folder_ / "packed").string();
    const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    EXPECT_THAT(PackFolder(folder.string(), fd), IsOk());
    close(fd);
    return FileContent(file);
  }
  fs::path Write(const fs::path& file, const std::string& content) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
};

TEST_F(ReportArchiveTest, WhatIsPackedIsUnpackedWithAllNames) {
  const fs::path top = folder_ / "top";
  const std::string deep = std::string(90, 'd') + "/" + std::string(200, 'e') + "/Größe.php.xml";
  Write(top / "b", std::string(100000, 'x'));
  Write(top / "a b/ünï 円", "");
  Write(top / deep, "deep");
  EXPECT_THAT(
      Unpack(Packed(top)),
      IsOkAndHolds(ElementsAre("a b/ünï 円=", "b=" + std::string(100000, 'x'), deep + "=deep")));
}

TEST_F(ReportArchiveTest, TheSameFilesGiveTheSameBytes) {
  Write(folder_ / "one/a", "1");
  Write(folder_ / "one/b/c", "2");
  Write(folder_ / "two/b/c", "2");
  Write(folder_ / "two/a", "1");
  fs::permissions(folder_ / "two/a", fs::perms::owner_all);
  fs::last_write_time(folder_ / "two/a", fs::file_time_type::clock::now() - std::chrono::hours(9));
  EXPECT_EQ(Packed(folder_ / "one"), Packed(folder_ / "two"));
}

TEST_F(ReportArchiveTest, LinksToFilesArePackedAsFilesAndOtherLinksAreRefused) {
  Write(folder_ / "elsewhere", "linked");
  const fs::path top = folder_ / "top";
  fs::create_directories(top / "sub");
  fs::create_symlink(folder_ / "elsewhere", top / "link");
  EXPECT_THAT(Unpack(Packed(top)), IsOkAndHolds(ElementsAre("link=linked")));
  fs::create_directory_symlink(top / "sub", top / "sub/round");
  EXPECT_THAT(PackFolder(top.string(), 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sub/round is neither")));
  fs::remove(top / "sub/round");
  fs::create_symlink("nowhere", top / "broken");
  EXPECT_THAT(PackFolder(top.string(), 1),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("broken")));
}

TEST_F(ReportArchiveTest, AnEmptyFolderIsRefused) {
  fs::create_directories(folder_ / "top/sub");
  EXPECT_THAT(PackFolder((folder_ / "top").string(), 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is an empty folder")));
}

TEST_F(ReportArchiveTest, EveryDialectIsRead) {
  const std::string name = std::string(150, 'n') + "ß";
  const std::vector<Member> members = {{"./x/", "", AE_IFDIR}, {"./x/b", "2"}, {"./" + name, "1"}};
  for (const auto format : {archive_write_set_format_pax, archive_write_set_format_pax_restricted,
                            archive_write_set_format_gnutar, archive_write_set_format_zip}) {
    EXPECT_THAT(Unpack(Archive(members, format)), IsOkAndHolds(ElementsAre(name + "=1", "x/b=2")));
  }
  EXPECT_THAT(Unpack(Archive({{"a", "1"}}, archive_write_set_format_ustar)),
              IsOkAndHolds(ElementsAre("a=1")));
}

TEST_F(ReportArchiveTest, NamesThatLeaveTheFolderLinksAndDevicesAreRefused) {
  const struct {
    Member member;
    std::string want;
  } kCases[] = {
      {{"../x", "1"}, "all: archive: entry '../x': the name leaves the folder"},
      {{"a/../../x", "1"}, "all: archive: entry 'a/../../x': the name leaves the folder"},
      {{"/etc/x", "1"}, "all: archive: entry '/etc/x': the name leaves the folder"},
      {{"./.", "1"}, "all: archive: entry './.': the name is empty"},
      {{"\xE4", "1"}, "all: archive: entry '\\xe4': the name is not UTF-8"},
      {{"a", "1"}, "all: archive: entry 'a': is there twice"},
      {{"./a", "1"}, "all: archive: entry './a': is there twice"},
      {{"l", "", AE_IFLNK, "/etc/passwd"},
       "all: archive: entry 'l': is no regular file but a link or a device"},
      {{"h", "", AE_IFREG, "a"},
       "all: archive: entry 'h': is no regular file but a link or a device"},
      {{"p", "", AE_IFIFO}, "all: archive: entry 'p': is no regular file but a link or a device"},
      {{"c", "", AE_IFCHR}, "all: archive: entry 'c': is no regular file but a link or a device"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.want);
    EXPECT_THAT(Unpack(Archive({{"a", "1"}, c.member}, archive_write_set_format_gnutar)),
                StatusIs(absl::StatusCode::kInvalidArgument, c.want));
  }
}

TEST_F(ReportArchiveTest, ACutOffArchiveIsRefusedWhereverItIsCut) {
  const std::string whole = Archive({{"a", "1"}, {"b", std::string(700, 'x')}});
  for (const size_t length : {700u, 1024u, 1536u, 1700u, 2560u, 3072u}) {
    EXPECT_THAT(Unpack(whole.substr(0, length)), StatusIs(absl::StatusCode::kInvalidArgument))
        << length;
  }
  EXPECT_THAT(Unpack(whole.substr(0, 2560 + 1024)), IsOk());
  const std::string zip = Archive({{"a", "1"}}, archive_write_set_format_zip);
  EXPECT_THAT(Unpack(zip.substr(0, zip.size() - 30)), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ReportArchiveTest, WhatLiesBehindTheEndIsReadOrRefused) {
  EXPECT_THAT(Unpack(Archive({{"a", "1"}}) + Archive({{"b", "2"}})),
              IsOkAndHolds(ElementsAre("a=1", "b=2")));
  EXPECT_THAT(Unpack(Archive({{"a", "1"}}) + std::string(512, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ReportArchiveTest, TheBytesOfAllFilesAreBounded) {
  EXPECT_THAT(Unpack(Archive({{"a", "123"}, {"b", "456"}}), 5),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       "all: holds more than the limit of 5 bytes in its files"));
}

TEST_F(ReportArchiveTest, WhatWasUnpackedGoesWithTheArchive) {
  EXPECT_THAT(Unpack(Archive({{"a", "1"}, {"b", "2"}})), IsOk());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(ReportArchiveTest, OtherContentIsNoArchive) {
  EXPECT_FALSE(IsArchive(""));
  EXPECT_FALSE(IsArchive("PK"));
  EXPECT_FALSE(IsArchive(std::string(257, 'x') + "ustar" + std::string(600, 'x')));
}

}  // namespace
}  // namespace testselect
