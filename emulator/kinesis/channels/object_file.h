// A file on its way to being an object: written beside the buckets under a name that is nobody's, and there under its own name
// only when it is whole and on the disk. All of it runs on a thread beside the loop. Each call yields 0 or an errno.
#pragma once

#include <string>
#include <string_view>

#include "protocol/batch/packer.h"

namespace sluice::kinesis {

class ObjectFile {
  public:
    ObjectFile(std::string unfinished, batch::Packing packing) : unfinished_(std::move(unfinished)), packer_(packing) {}
    ~ObjectFile();   // what was not published is gone
    ObjectFile(const ObjectFile&) = delete;
    ObjectFile& operator=(const ObjectFile&) = delete;

    int append(std::string_view bytes);
    bool empty() const { return file_ < 0; }   // nothing was appended
    int finish();                              // written and synced
    int publish(const std::string& path);      // after finish, unless it is empty

  private:
    int pack_and_write(bool last);

    const std::string unfinished_;
    batch::Packer packer_;
    std::string plain_;   // until it is worth packing
    batch::Blob packed_;
    int file_ = -1;
};

bool is_there(const std::string& path);
void clear_unfinished(const std::string& folder);   // what an earlier server left there

}   // namespace sluice::kinesis
