// StartStreamEncryption: also with another key than before.
#include "protocol/kinesis/operations/start_stream_encryption.h"
#include "emulator/kinesis/operations/encryption.h"

namespace sluice::kinesis {

Task<Reply<StartStreamEncryption>> handle(Call& call, const StartStreamEncryption& request) {
    return change_encryption(call, request, std::string{*request.key_id}, streams::Daily::encryption_started);
}

template Task<Answer> serve<StartStreamEncryption>(Serving);

}   // namespace sluice::kinesis
