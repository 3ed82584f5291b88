// The data folder before LMDB touches it (rule 29): everything that would go wrong later is tried at start and said in one
// line that tells what to do. Holds the folder's lock as long as it lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/store.h"

namespace sluice::storage {

// The name of a file system on which a shared map is not safe, or nullptr. `magic` is statfs's f_type.
const char* refused_file_system(std::uint32_t magic);
// The kernel's id of this boot; empty when it has none.
std::string kernel_boot_id();

class Folder {
  public:
    // Creates the folder when missing. Throws StartError. `file_system` stands in for what statfs says.
    explicit Folder(std::string path, std::optional<std::uint32_t> file_system = {});
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string file(const char* name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }
    std::uint64_t free_bytes() const;
    // One file takes another's place, whole: whoever opens it sees the old one or the new one, also after a power cut when
    // `synced`.
    bool replace(const char* old, const char* by, bool synced) const;

    // What the last server left behind: "<boot id> <durability> open|clean", empty when there was none.
    std::string state() const;
    // Reaches the disk before it returns. False when it could not be written.
    bool set_state(const std::string& text) const;

  private:
    void say_who_locks() const;
    std::string path_;
    int lock_ = -1;
};

}   // namespace sluice::storage
