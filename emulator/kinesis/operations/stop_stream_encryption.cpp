// StopStreamEncryption: of a stream that is not encrypted there is nothing to stop, and that is no fault.
#include "protocol/kinesis/operations/stop_stream_encryption.h"
#include "emulator/kinesis/operations/encryption.h"

namespace sluice::kinesis {

Task<Reply<StopStreamEncryption>> handle(Call& call, const StopStreamEncryption& request) {
    return change_encryption(call, request, std::string{}, streams::Daily::encryption_stopped);
}

template Task<Answer> serve<StopStreamEncryption>(Serving);

}   // namespace sluice::kinesis
