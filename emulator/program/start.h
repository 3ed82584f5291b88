// What happens between opening the store and opening the doors, and again after a reset: which time it is, what is told about
// what expired meanwhile, which streams are made.
#pragma once

#include "emulator/kafka/configs/configs.h"
#include "emulator/net/tls.h"
#include "emulator/program/options.h"
#include "emulator/streams/engine.h"

namespace sluice {

// Applies `--clock`. Throws Exit for a moment that the clock refuses.
void start_clock(const ServeOptions& options, streams::Engine& engine, const RealTime& real);

// Where the server's certificates come from.
Tls::Options tls_options(const ServeOptions& options);
// Throws Exit when no client could be served with them.
void try_tls(const ServeOptions& options, Tls& tls);

// Where `--clock resume` will go on.
void note_stop(streams::Engine& engine);

// Rule 29: whoever comes back after a while is told what has expired meanwhile, while it can still be kept. Yields until
// when that is.
Time tell_expired(streams::Engine& engine);

// At most one line a second, with how many were left out: a client in a retry loop must not fill the log.
void log_refusals(streams::Engine& engine, const RealTime& real);

// `--stream` and `--topic`: what is there already stays as it is. Throws Exit for a name that cannot be.
void make_streams(const ServeOptions& options, const kafka::Configs& configs, streams::Engine& engine);

}   // namespace sluice
