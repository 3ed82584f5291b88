#include "emulator/kinesis/channels/object_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace sluice::kinesis {
namespace {

constexpr std::size_t packed_at_once = 256 << 10;

int make_folders(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), error);
    return error.value();
}

// A name is on the disk when its folder is.
int sync_folder_of(const std::string& path) {
    const int folder = open(std::filesystem::path{path}.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return errno;
    const int fault = fsync(folder) != 0 && errno != EINVAL ? errno : 0;
    close(folder);
    return fault;
}

}   // namespace

ObjectFile::~ObjectFile() {
    if (file_ < 0) return;
    close(file_);
    unlink(unfinished_.c_str());
}

int ObjectFile::append(std::string_view bytes) {
    if (file_ < 0) {
        if (const int fault = make_folders(unfinished_); fault != 0) return fault;
        file_ = open(unfinished_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (file_ < 0) return errno;
    }
    plain_ += bytes;
    return plain_.size() < packed_at_once ? 0 : pack_and_write(false);
}

int ObjectFile::pack_and_write(bool last) {
    packer_.add(std::as_bytes(std::span{plain_}), packed_);
    plain_.clear();
    if (last) packer_.end(packed_);
    for (std::span<const std::byte> rest{packed_}; !rest.empty();) {
        const auto count = write(file_, rest.data(), rest.size());
        if (count > 0)
            rest = rest.subspan(static_cast<std::size_t>(count));
        else if (errno != EINTR)
            return errno;
    }
    packed_.clear();
    return 0;
}

int ObjectFile::finish() {
    if (empty()) return 0;
    if (const int fault = pack_and_write(true); fault != 0) return fault;
    return fsync(file_) != 0 && errno != EINVAL ? errno : 0;
}

int ObjectFile::publish(const std::string& path) {
    if (empty()) return 0;
    if (const int fault = make_folders(path); fault != 0) return fault;
    if (rename(unfinished_.c_str(), path.c_str()) != 0) return errno;
    close(std::exchange(file_, -1));
    return sync_folder_of(path);
}

bool is_there(const std::string& path) {
    struct stat known{};
    return stat(path.c_str(), &known) == 0;
}

void clear_unfinished(const std::string& folder) {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
}

}   // namespace sluice::kinesis
