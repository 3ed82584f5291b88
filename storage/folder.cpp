// Tries the data folder: file system, permissions, lock, free space, and a shared map that sees what was written.
#include "storage/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace sluice::storage {
namespace {

// To begin with, and to go on with data that trims will make smaller.
constexpr std::uint64_t least_free_bytes = std::uint64_t{16} << 20;
constexpr std::uint64_t least_free_bytes_with_data = std::uint64_t{1} << 20;

[[noreturn]] void refuse(const std::string& path, int error) {
    const auto uid = std::to_string(geteuid()), gid = std::to_string(getegid());
    if (error == EACCES || error == EPERM)
        throw StartError("data folder " + path + " cannot be written by uid " + uid + " gid " + gid + ": run `sudo chown -R " +
                         uid + ":" + gid + " " + path + "`, give --data another folder, or use --ephemeral");
    if (error == EROFS)
        throw StartError("data folder " + path + " is on a read-only file system (uid " + uid + " gid " + gid +
                         "): mount a volume there, give --data another folder, or use --ephemeral");
    throw StartError("data folder " + path + " cannot be used (" + std::strerror(error) +
                     "): give --data another folder, or use --ephemeral");
}

// LMDB writes with write() and reads through the map, so that is what is tried.
void try_shared_map(const std::string& path, const std::string& probe) {
    const int fd = open(probe.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) refuse(path, errno);
    constexpr std::string_view first = "sluice was here", second = "and looked again";
    const bool sized = ftruncate(fd, 4096) == 0;
    void* map = sized ? mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    bool seen = map != MAP_FAILED;
    if (seen) {
        auto* text = static_cast<char*>(map);
        seen = pwrite(fd, first.data(), first.size(), 0) == static_cast<ssize_t>(first.size()) &&
               std::memcmp(text, first.data(), first.size()) == 0;
        std::array<char, 64> back{};
        std::memcpy(text, second.data(), second.size());
        seen = seen && pread(fd, back.data(), second.size(), 0) == static_cast<ssize_t>(second.size()) &&
               std::string_view(back.data(), second.size()) == second;
        munmap(map, 4096);
    }
    close(fd);
    unlink(probe.c_str());
    if (!seen)
        throw StartError("data folder " + path +
                         " does not support shared maps: use a named volume or a local disk, or --ephemeral");
}

}   // namespace

const char* refused_file_system(std::uint32_t magic) {
    switch (magic) {   // linux/magic.h; virtiofs reports itself as fuse
        case 0x01021997:
            return "9p";
        case 0x65735546:
            return "fuse or virtiofs";
        case 0x6969:
            return "nfs";
        case 0x517B:
        case 0xFF534D42:
        case 0xFE534D42:
            return "smb";
        default:
            return nullptr;
    }
}

std::string kernel_boot_id() {
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string id;
    in >> id;
    return id;
}

Folder::Folder(std::string path, std::optional<std::uint32_t> file_system) : path_(std::move(path)) {
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (error) refuse(path_, error.value());
    struct statfs kind{};
    if (statfs(path_.c_str(), &kind) != 0) refuse(path_, errno);
    if (const char* name = refused_file_system(file_system.value_or(static_cast<std::uint32_t>(kind.f_type))))
        throw StartError("data folder " + path_ + " is on " + name +
                         ", where a shared map is not safe: use a named volume instead of a shared folder, or --ephemeral");

    // The folder itself is locked: a file in it could be removed, and a second server would lock another one of its name.
    lock_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock_ < 0) refuse(path_, errno);
    try {
        if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) refuse(path_, errno);
            std::string pid;
            std::ifstream(file("lock")) >> pid;
            throw StartError("data folder " + path_ + " is in use by the server with pid " + (pid.empty() ? "unknown" : pid) +
                             ": stop that one, or give --data another folder");
        }
        say_who_locks();
        const auto least = std::filesystem::exists(file("data.mdb")) ? least_free_bytes_with_data : least_free_bytes;
        if (const auto free = free_bytes(); free < least)
            throw StartError("data folder " + path_ + " has only " + std::to_string(free >> 10) + " KiB of free disk, at least " +
                             std::to_string(least >> 10) + " are needed: free some, or give --data another folder");
        try_shared_map(path_, file("probe"));
    } catch (...) {
        close(lock_);
        throw;
    }
}

Folder::~Folder() { close(lock_); }

void Folder::say_who_locks() const {
    const int told = open(file("lock").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (told < 0) refuse(path_, errno);
    const auto pid = std::to_string(getpid());
    const bool written = write(told, pid.data(), pid.size()) >= 0;
    const int error = errno;
    close(told);
    if (!written && error != ENOSPC) refuse(path_, error);   // a full disk is told about next, in its own words
}

std::uint64_t Folder::free_bytes() const {
    struct statvfs space{};
    return statvfs(path_.c_str(), &space) == 0 ? std::uint64_t{space.f_bavail} * space.f_frsize : 0;
}

std::string Folder::state() const {
    std::ifstream in(file("state"));
    std::string line;
    std::getline(in, line);
    return line;
}

bool Folder::replace(const char* old, const char* by, bool synced) const {
    if (rename(file(by).c_str(), file(old).c_str()) != 0) return false;
    if (!synced) return true;
    const int folder = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return false;
    const bool done = fsync(folder) == 0;
    close(folder);
    return done;
}

bool Folder::set_state(const std::string& text) const {
    const int fd = open(file("state.new").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
    close(fd);
    return written && replace("state", "state.new", true);
}

}   // namespace sluice::storage
