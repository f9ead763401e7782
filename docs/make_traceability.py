#!/usr/bin/env python3
# Copyright 2026 The RoboCache Authors
# SPDX-License-Identifier: Apache-2.0
"""docs/traceability.md: each requirement with its headers, tests, benchmarks and result files.

usage: make_traceability.py --write    writes the document
       make_traceability.py --check    fails if it is not what this file and the project give

Either fails if a row names what does not exist: a header, a test's source, a case, a benchmark without a result, a
result file; if an operator's header or a test's source is in no row; or if a number is there twice. Exit code 1 then.
"""

import argparse
import fnmatch
import pathlib
import re
import sys
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
from make_table import RESULTS, load, settle

DOCUMENT = ROOT / "docs" / "traceability.md"


class Row(typing.NamedTuple):
    number: str
    text: str
    headers: tuple  # below include/robocache
    tests: dict  # source below tests -> patterns of its cases
    benchmarks: tuple = ()  # patterns of names; the result files that have them are looked up
    files: tuple = ()  # other result files, below bench


ROWS = (
    Row("R-ASYNC-1", "A call enqueues on the given stream and returns; it can be captured, and its arguments may go.",
        ("core/device.cuh",),
        {"resample_async_test.cpp": ("ResampleAsync.ArgumentsAreReadDuringTheCall",
                                     "ResampleAsync.CallsSeeWhatEarlierOnesWrote", "ResampleCapture.*"),
         "fuse_test.cpp": ("Fuse.ArgumentsAreReadDuringTheCall",),
         "gather_rows_test.cpp": ("GatherRows.IsOneKernel",), "deleted_overloads_test.cpp": ("*",)}),
    Row("R-MEMORY-1", "Nothing is allocated inside: scratch is measured from host values and taken as an argument.",
        ("core/workspace.hpp",),
        {"core_test.cpp": ("Carver.*",), "device_scratch_test.cpp": ("*",),
         "voxelize_errors_test.cpp": ("*.WorkspaceOfWrongArgumentsIsNothing",),
         "voxelize_sparse_errors_test.cpp": ("*.WorkspaceOfWrongArgumentsIsNothing",)}),
    Row("R-ERROR-1", "A mistake that the host can see is named before anything is launched, and nothing is written.",
        ("core/status.hpp", "temporal/checks.hpp"),
        {"core_test.cpp": ("Status.*",), "resample_errors_test.cpp": ("*",), "fuse_errors_test.cpp": ("*",),
         "match_test.cpp": ("MatchErrors.*",), "voxelize_errors_test.cpp": ("VoxelizeErrors.*",),
         "voxelize_sparse_errors_test.cpp": ("SparseErrors.*",)}),
    Row("R-DATA-1", "No data, however wrong, makes a call read or write outside its buffers.",
        ("temporal/bracket.hpp", "core/views.hpp"),
        {"bracket_test.cpp": ("Bracket.Unsorted*", "Bracket.ArbitraryBitPatterns*"),
         "core_test.cpp": ("Segments.WrongOffsetsNeverLeaveTheRows",),
         "resample_edges_test.cpp": ("ResampleEdges.GarbageStamps", "ResampleEdges.WrongOffsets"),
         "voxelize_test.cpp": ("Voxelize.BadOffsets*", "Voxelize.StrangeNumbers"),
         "voxelize_sparse_test.cpp": ("Sparse.BadOffsets*", "Sparse.CapacityIsNeverExceeded"),
         "voxelize_hard_test.cpp": ("Hard.RunsAgreeAndBadOffsetsAreSafe",), "sanitize_test.py": ("*",)},
        (), ("results/h100-sxm/sanitize.json",)),
    Row("R-BITS-1", "CPU and GPU, every compiler, thread count and batch split give the same bits.",
        ("core/arithmetic.hpp", "core/elementary.hpp"),
        {"bit_identity_test.cpp": ("*",), "arithmetic_test.cpp": ("*",),
         "user_kernel_test.cu": ("UserKernel.*",), "gather_rows_test.cu": ("GatherRowsHeaderOnly.*",),
         "resample_queries_test.cpp": ("ResampleQueries.BatchSplitDoesNotMatter",),
         "resample_layout_test.cpp": ("ResampleThreads.NumberDoesNotMatter",)}),
    Row("R-TYPES-1", "Input and output types are independent; a value is rounded once, and every NaN is the same one.",
        ("core/types.hpp", "core/convert.hpp"),
        {"convert_test.cpp": ("*",), "core_test.cpp": ("Types.*",),
         "resample_values_test.cpp": ("ResampleValues.DoubleRoundsOnce", "ResampleValues.NanIsCanonical")},
        ("resample/linear/f32_bf16/*", "resample/linear/f64_f64/*")),
    Row("R-SIZE-1", "Counts, offsets and bytes have 64 bits.",
        ("core/views.hpp",),
        {"resample_huge_test.cpp": ("*",), "large_times_test.cpp": ("*",), "fuse_test.cpp": ("FuseHuge.*",),
         "bracket_test.cpp": ("Bracket.MoreThan2To31Stamps",), "gather_rows_test.cpp": ("GatherRowsFarApart.*",),
         "voxelize_test.cpp": ("VoxelizeHuge.*",), "voxelize_sparse_test.cpp": ("Sparse.OffsetsHave64Bits",),
         "voxelize_hard_test.cpp": ("Hard.OffsetsHave64Bits",)}),
    Row("R-TIME-1", "Integer times are subtracted as integers and only then converted.",
        ("temporal/bracket.hpp",),
        {"bracket_test.cpp": ("Bracket.SpansAreTakenInIntegers", "Bracket.TheWholeRangeOfInt64"),
         "resample_edges_test.cpp": ("ResampleEdges.EndsOfInt64", "ResampleEdges.NanosecondsAtUnixTime"),
         "real_data_test.cpp": ("RealTimes.FloatSecondsSinceTheEpochCannotHoldARecording",)}),
    Row("R-THREADS-1", "Any number of host threads, streams and devices call at once; the current device is kept.",
        ("core/host.hpp", "core/device.cuh"),
        {"multi_device_test.cpp": ("*",), "resample_async_test.cpp": ("ResampleAsync.ThreadsTimesStreams",),
         "core_test.cpp": ("ThreadPool.*", "ParallelFor*.*"), "fuse_test.cpp": ("Fuse.ThreadsTimesStreams",)}),
    Row("R-FORM-1", "Operators are args structs and overloads; a stream cannot be left out; types are run-time tags.",
        ("core/views.hpp", "robocache.hpp", "robocache.cuh"),
        {"core_test.cpp": ("Views.*", "Version.*"),
         "check_times_test.cpp": ("TimeOperators.TheStreamCannotBeLeftOut",)}),
    Row("R-COMPILE-1", "A header-only user who names one pair of types waits seconds for nvcc, not minutes.",
        ("resample/resample.cuh",), {"match_test.cpp": ("MatchHost.HeaderOnly*",)},
        files=("results/cpu/compile_time.json",)),
    Row("R-CLOCK-1", "A clock is corrected by an offset and a drift, for a stream or for each of its segments.",
        ("temporal/clock.hpp", "temporal/sensor_stream.hpp"),
        {"clock_test.cpp": ("*",), "resample_values_test.cpp": ("ResampleValues.Clocks",)}),
    Row("R-CHECK-1", "The first offence of each segment's times is found on the device.",
        ("temporal/check_times.hpp",), {"check_times_test.cpp": ("*",), "real_data_test.cpp": ("RealTimes.*",)}),
    Row("R-SPLIT-1", "A recording is cut into segments at backward jumps and long pauses.",
        ("temporal/split_segments.hpp",), {"split_segments_test.cpp": ("*",)}),
    Row("R-GRID-1", "A grid of a rational rate is never stored nor accumulated; ragged ones end with each segment.",
        ("temporal/grid.hpp", "temporal/grid_offsets.hpp"),
        {"grid_offsets_test.cpp": ("*",), "resample_queries_test.cpp": ("ResampleQueries.*Grid*",)}),
    Row("R-QUERY-1", "Wanted times are stored, shared, a grid, or windows about anchors; in any order.",
        ("temporal/queries.hpp", "temporal/rows_job.hpp"),
        {"resample_queries_test.cpp": ("*",), "core_test.cpp": ("Queries.*",)},
        ("resample/linear/*/stored_queries/*", "resample/linear/*/shuffled_queries/*", "match/*/stored_queries/*")),
    Row("R-RESAMPLE-1", "An exact hit reads one sample; of equal stamps previous takes the last, next the first.",
        ("temporal/bracket.hpp", "temporal/interpolate.hpp"),
        {"bracket_test.cpp": ("Bracket.EveryQueryAmongFewStampsWithDuplicates",),
         "interpolate_test.cpp": ("PlanSample.DuplicatesAndTies",),
         "resample_edges_test.cpp": ("ResampleEdges.Duplicates*", "ResampleEdges.HitsReadOneSample")}),
    Row("R-RESAMPLE-2", "Outside a recording: fill, clamp or extrapolate; by default nothing leaks from the future.",
        ("resample/resample.hpp",),
        {"resample_edges_test.cpp": ("ResampleEdges.NoLeakOfTheFuture", "ResampleEdges.SlackTakesTheSampleJustAfter",
                                     "ResampleEdges.RoundedStampsWithSlack"),
         "interpolate_test.cpp": ("PlanSample.OutsideTheRecording", "PlanSample.SlackReachesAcrossTheQuery"),
         "golden_test.cpp": ("Golden.LinearClamped", "Golden.LinearExtrapolated")}),
    Row("R-RESAMPLE-3", "Gaps and ages have inclusive limits, beyond which a value is held or filled.",
        ("resample/resample.hpp",),
        {"resample_edges_test.cpp": ("ResampleEdges.LimitsAreInclusive",),
         "interpolate_test.cpp": ("PlanSample.LimitsAreInclusive",)}),
    Row("R-RESAMPLE-4", "A status says of each value how it was made and why it is not a plain one.",
        ("temporal/sample_status.hpp",),
        {"core_test.cpp": ("SampleStatus.*",), "resample_properties_test.cpp": ("ResampleStatus.Usable",),
         "resample_edges_test.cpp": ("ResampleEdges.*Flagged",)},
        ("resample/linear/*/status/*",)),
    Row("R-RESAMPLE-5", "previous, next, nearest and linear are SciPy's; linear is exact at both ends.",
        ("resample/resample.hpp", "temporal/interpolate.hpp"),
        {"golden_test.cpp": ("Golden.Previous", "Golden.Next", "Golden.Nearest*", "Golden.Linear*"),
         "resample_values_test.cpp": ("ResampleValues.Previous", "ResampleValues.Next", "ResampleValues.Nearest",
                                      "ResampleValues.Linear"),
         "interpolate_test.cpp": ("Interpolate.LinearIsExactAtBothEndsAndAccurateBetween",)},
        ("resample/linear/bf16_bf16/*", "resample/previous/*", "resample/nearest/*"),
        ("results/cpu/scipy.json", "results/h100-sxm/torch.json")),
    Row("R-RESAMPLE-6", "cubic, pchip and akima by their definitions; pchip is monotone where the data is.",
        ("resample/resample.hpp", "temporal/interpolate.hpp"),
        {"golden_test.cpp": ("Golden.Pchip*", "Golden.Akima"),
         "resample_values_test.cpp": ("ResampleValues.Cubic", "ResampleValues.Pchip", "ResampleValues.Akima"),
         "resample_properties_test.cpp": ("ResampleProperties.PchipIsMonotoneWhereTheDataIs",)},
        ("resample/cubic/*", "resample/pchip/*", "resample/akima/*")),
    Row("R-RESAMPLE-7", "Rotations go the shortest way at constant velocity, from and to three formats.",
        ("geometry/quaternion.hpp",),
        {"geometry_test.cpp": ("*",), "golden_test.cpp": ("Golden.Slerp",),
         "resample_values_test.cpp": ("ResampleValues.Slerp*", "ResampleValues.ZeroNormRotationIsNan"),
         "resample_properties_test.cpp": ("ResampleProperties.Slerp*",)},
        ("resample/pose_slerp/*",)),
    Row("R-RESAMPLE-8", "Angles go the short way round; derivatives are per second.",
        ("temporal/interpolate.hpp",),
        {"resample_values_test.cpp": ("ResampleValues.Angle*", "ResampleValues.*Derivative",
                                      "ResampleValues.AngularVelocity"),
         "resample_properties_test.cpp": ("ResampleProperties.Angles*",
                                         "ResampleProperties.DerivativeAtKnotsIsTheSlope")}),
    Row("R-RESAMPLE-9", "Any channel slice of a wider tensor is an input or an output; groups of channels mix kinds.",
        ("core/views.hpp", "resample/resample.hpp"),
        {"resample_layout_test.cpp": ("*",), "resample_values_test.cpp": ("ResampleValues.MixedGroups",)},
        ("resample/pose_slerp/*", "resample/linear/*x14/*")),
    Row("R-RESAMPLE-10", "Segments are uniform or ragged; an empty one and one of one sample are legal.",
        ("resample/resample.hpp",),
        {"resample_edges_test.cpp": ("ResampleEdges.ShortSegments", "ResampleEdges.NothingToDo"),
         "interpolate_test.cpp": ("PlanSample.EmptyOneSampleAndNan",), "core_test.cpp": ("Segments.*",)},
        ("resample/linear/*/ragged/*",)),
    Row("R-FUSE-1", "Many streams make one row by one launch, as separate calls would, bit for bit.",
        ("fuse/fuse.hpp",), {"fuse_test.cpp": ("Fuse.*", "FuseFlight.*", "FuseThreads.*")},
        ("fuse/linear/*", "fuse/mixed/*"), ("results/h100-sxm/torch.json",)),
    Row("R-FUSE-2", "A stream may be a ring buffer whose state is read when the call runs, as live use needs.",
        ("temporal/sensor_stream.hpp", "fuse/fuse.hpp"), {"ring_test.cpp": ("*",), "live_policy_test.cpp": ("*",)},
        ("fuse/linear/bf16_bf16/4x3streams/*",)),
    Row("R-MATCH-1", "The index of the backward, forward or nearest sample within an inclusive tolerance.",
        ("fuse/match.hpp",), {"match_test.cpp": ("Match.*",)}, ("match/*",)),
    Row("R-GATHER-1", "Rows of an index are copied or converted, images also turned, with scale and shift; -1 fills.",
        ("fuse/gather_rows.hpp",), {"gather_rows_test.cpp": ("GatherRows.*",), "gather_rows_test.cu": ("*",)},
        ("gather_rows/*",)),
    Row("R-SYNC-1", "Messages of several sensors form sets by the approximate time policy of message_filters.",
        ("fuse/synchronize.hpp",), {"synchronize_test.cpp": ("*",)}, ("synchronize/*",)),
    Row("R-CELL-1", "A point's cell is the floor of an IEEE division, or of a product with the reciprocal; half-open.",
        ("voxel/voxel_grid.hpp",),
        {"voxelize_test.cpp": ("Voxelize.FacesAreHalfOpen", "Voxelize.DoubleCoordinatesFarFromTheOrigin",
                               "VoxelGridTest.*")}),
    Row("R-POINTS-1", "Records of any layout; points that are not finite, outside or filtered are counted apart.",
        ("voxel/point_clouds.hpp",),
        {"voxelize_test.cpp": ("Voxelize.RandomCalls*", "Voxelize.LimitsOfTheFilters", "Voxelize.RealSweep*")}),
    Row("R-DENSE-1", "Dense grids of occupancy, counts and reduced channels, whatever the order of points.",
        ("voxel/voxelize.hpp",),
        {"voxelize_test.cpp": ("Voxelize.*", "VoxelizeOnHost.*"),
         "bit_identity_test.cpp": ("BitIdentity.VoxelizeAndBounds",)},
        ("voxelize_dense/*",), ("results/cpu/numpy.json",)),
    Row("R-BOUNDS-1", "The box about the points of each cloud, and grids placed by it.",
        ("voxel/bounds.hpp",), {"voxelize_bounds_test.cpp": ("*",)}),
    Row("R-SPARSE-1", "Sparse voxels by first point or by key, keys never hashed together, never more than fit.",
        ("voxel/voxelize_sparse.hpp",), {"voxelize_sparse_test.cpp": ("*",)}, ("voxelize_sparse/*",)),
    Row("R-HARD-1", "First points of each voxel in order of their index, as mmcv's deterministic way gives them.",
        ("voxel/voxelize_hard.hpp",), {"voxelize_hard_test.cpp": ("*",)}, ("voxelize_hard/*",)),
    Row("R-DOWNSAMPLE-1", "One point for each voxel: centroid as PCL's, first, or nearest to the centre.",
        ("voxel/voxel_downsample.hpp",), {"voxel_downsample_test.cpp": ("*",)}, ("voxel_downsample/*",)),
    Row("R-EXAMPLE-1", "Programs that a user runs on files: results, or one line that says what is wrong.",
        ("robocache.hpp",),
        {"align_episode_test.cpp": ("*",), "voxelize_scan_test.cpp": ("*",), "live_policy_test.cpp": ("*",)}),
    Row("R-SPEED-1", "Every family has lower bounds of its speed beside a copy's, and a slower build is found.",
        (), {"compare_test.py": ("*",)},
        ("resample/*", "fuse/*", "match/*", "gather_rows/*", "synchronize/*", "voxel*"),
        ("gates/h100-sxm.json",)),
    Row("R-THREADS-2", "Threads may call side by side, also with grids that need different amounts of shared memory.",
        ("core/host.hpp", "voxel/voxelize.hpp"),
        {"resample_async_test.cpp": ("ResampleAsync.*",), "voxelize_test.cpp": ("Voxelize.Threads*",),
         "voxelize_sparse_test.cpp": ("Sparse.*Threads*",), "voxelize_hard_test.cpp": ("Hard.ThreadsSideBySide",)},
        (), ("results/h100-sxm/validate.json",)),
    Row("R-VALIDATE-1", "One program says whether a GPU does the job: results, ceilings, gates, soak; and it can fail.",
        (), {"validate_test.cpp": ("*",)}, (),
        ("gates/h100-sxm.json", "gates/h200.json", "results/h100-sxm/validate.md", "results/h100-sxm/validate_quick.md",
         "results/h200/validate.md")),
    Row("R-PROFILE-1", "What limits a kernel is measured, and calls can be told apart in a profiler.",
        ("core/profiler_range.hpp",), {"profile_test.py": ("*",)}, (), ("results/h100-sxm/ncu.csv",)),
    Row("R-TEST-1", "Every GPU case passes on the boards that are named, with code of their own and from older PTX.",
        (), {"gpu_tests_test.py": ("*",)}, (), ("results/h100-sxm/tests.json",)),
    Row("R-TRACE-1", "Each requirement names what stands for it, and what it names exists.",
        (), {"traceability_test.py": ("*",)}),
)


class Project:
    """What there is to name."""

    def __init__(self):
        self.results = {}  # benchmark -> result files
        for path in sorted(RESULTS.glob("*/*.json")):
            for result in load(path).get("benchmarks", ()):
                if result.get("run_type") == "iteration" and not result.get("error_occurred"):
                    self.results.setdefault(result["name"], set()).add(path.relative_to(ROOT).as_posix())
        self.sources = {path.name: path for end in ("cpp", "cu", "py") for path in (ROOT / "tests").glob(f"*_test.{end}")}
        # An operator takes its own args struct, and runs on the CPU or on a stream.
        overload = re.compile(r"\bStatus \w+\(const \w+Args& ?\w*, (Workspace \w*, )?(Host|cudaStream_t)\b")
        include = ROOT / "include" / "robocache"
        self.operators = {path.relative_to(include).as_posix() for path in include.rglob("*.hpp")
                          if overload.search(path.read_text(encoding="utf-8"))}

    @staticmethod
    def cases(path):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            suite = re.search(r"^class (\w+)\(unittest", text, re.MULTILINE)[1]
            return [f"{suite}.{name}" for name in re.findall(r"^    def (test_\w+)", text, re.MULTILINE)]
        macros = re.findall(r"^(?:TYPED_)?TEST(?:_[FP])?\((\w+),\s*(\w+)\)", text, re.MULTILINE)
        return [".".join(names) for names in macros]

    def mistakes_of(self, row):
        for header in row.headers:
            if not (ROOT / "include" / "robocache" / header).is_file():
                yield f"no header {header}"
        for source, patterns in row.tests.items():
            path = ROOT / "tests" / source
            if not path.is_file():
                yield f"no test {source}"
                continue
            cases = self.cases(path)
            for pattern in patterns:
                if not fnmatch.filter(cases, pattern):
                    yield f"no case {pattern} in {source}"
        for pattern in row.benchmarks:
            if not fnmatch.filter(self.results, pattern):
                yield f"no result of a benchmark {pattern}"
        for name in row.files:
            if not (ROOT / "bench" / name).is_file():
                yield f"no file bench/{name}"

    def mistakes(self):
        numbers = [row.number for row in ROWS]
        yield from (f"{number} is there twice" for number in sorted({n for n in numbers if numbers.count(n) > 1}))
        for row in ROWS:
            yield from (f"{row.number}: {text}" for text in self.mistakes_of(row))
        for header in sorted(self.operators - {header for row in ROWS for header in row.headers}):
            yield f"no requirement names the operator {header}"
        for source in sorted(set(self.sources) - {source for row in ROWS for source in row.tests}):
            yield f"no requirement names the test {source}"

    def files_of(self, row):
        found = {path for pattern in row.benchmarks for name in fnmatch.filter(self.results, pattern)
                 for path in self.results[name]}
        return sorted(found | {f"bench/{name}" for name in row.files})


def document(project):
    lines = [
        "# Requirements",
        "",
        "From each requirement to the headers that meet it, the tests that would fail without, the benchmarks and the",
        "result files. Made by `docs/make_traceability.py`, which also checks that all of it exists; `*` stands for",
        "anything, and a test without a pattern for all of its cases.",
        "",
        "| | requirement | headers | tests | benchmarks | result files |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in ROWS:
        headers = [f"[{name}](../include/robocache/{name})" for name in row.headers]
        tests = [f"[{source}](../tests/{source})" + ("" if patterns == ("*",) else ": "
                                                     + ", ".join(f"`{pattern}`" for pattern in patterns))
                 for source, patterns in row.tests.items()]
        benchmarks = [f"`{pattern}`" for pattern in row.benchmarks]
        files = [f"[{path.removeprefix('bench/').removeprefix('results/')}](../{path})"
                 for path in project.files_of(row)]
        cells = [row.number, row.text, *("<br>".join(cell) for cell in (headers, tests, benchmarks, files))]
        lines.append("".join(f"| {cell} " if cell else "| " for cell in cells) + "|")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write the document")
    action.add_argument("--check", action="store_true", help="fail if it is not what it should be")
    options = parser.parse_args()
    project = Project()
    mistakes = list(project.mistakes())
    for mistake in mistakes:
        print(f"make_traceability.py: {mistake}", file=sys.stderr)
    return 0 if not mistakes and settle(DOCUMENT, document(project), options.write) else 1


if __name__ == "__main__":
    sys.exit(main())
