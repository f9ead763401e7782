// Copyright 2026 The RoboCache Authors
// SPDX-License-Identifier: Apache-2.0

// gather_rows with any arguments.

#include "stream_arguments.hpp"

#include <robocache/fuse/gather_rows.hpp>

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace robocache;
  fuzz::Choices choices(data, size);
  fuzz::Memory memory(choices);
  fuzz::StreamArguments arguments(choices, memory);
  GatherRowsArgs args;
  args.channels = static_cast<std::int32_t>(choices.size_or(1 + choices.below(4)));
  const std::int64_t width = choices.size_or(choices.below(9) * args.channels);
  args.source = arguments.in_rows(choices.one_of(ElementType::u8), choices.size(12), width);
  const std::int64_t rows = choices.size(12);
  args.index = memory.input<std::int64_t>(rows);
  args.out = arguments.out_rows(choices.one_of(ElementType::u8), rows, choices.size_or(width));
  args.from = choices.one_of(ImageLayout::channel_first);
  args.to = choices.one_of(ImageLayout::channel_first);
  args.scale = choices.flag() ? memory.input<float>(args.channels) : nullptr;
  args.shift = choices.flag() ? memory.input<float>(args.channels) : nullptr;
  args.fill = choices.real(0.0);
  if (memory.is_large()) {
    detail::GatherJob job;
    memory.check(detail::prepare(args, &job));
  } else {
    static_cast<void>(memory.run([&] { return gather_rows(args, Host{}); }));
  }
  return 0;
}
