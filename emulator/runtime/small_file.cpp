#include "emulator/runtime/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace sluice {

std::expected<std::string, int> read_small_file(const std::string& path, std::size_t most) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::unexpected{errno};
    std::string text(most + 1, '\0');
    std::size_t here = 0;
    int fault = 0;
    while (here <= most) {
        const auto count = read(file, text.data() + here, text.size() - here);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fault = errno;
        if (count <= 0) break;
        here += static_cast<std::size_t>(count);
    }
    close(file);
    if (fault != 0) return std::unexpected{fault};
    if (here > most) return std::unexpected{EFBIG};
    text.resize(here);
    return text;
}

int write_small_file(const std::string& path, std::string_view text, unsigned mode) {
    const auto beside = path + ".new";
    unlink(beside.c_str());   // one that was left there may have other rights
    const int file = open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) return errno;
    int fault = 0;
    for (auto rest = text; !rest.empty() && fault == 0;) {
        const auto count = write(file, rest.data(), rest.size());
        if (count > 0)
            rest.remove_prefix(static_cast<std::size_t>(count));
        else if (errno != EINTR)
            fault = errno;
    }
    if (fault == 0 && fsync(file) != 0 && errno != EINVAL) fault = errno;
    close(file);
    if (fault == 0 && rename(beside.c_str(), path.c_str()) != 0) fault = errno;
    if (fault != 0) unlink(beside.c_str());
    return fault;
}

}   // namespace sluice
