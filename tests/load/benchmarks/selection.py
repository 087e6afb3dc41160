"""How fast a selection is answered."""
from .bench import log, median


def shapes(bench):
    """SelectTests of 100,000 labels, warm, beside a null server."""
    server, workload = bench.selection_server(), bench.workload("large")
    found = {row["shape"]: row for row in bench.run(
        "rpc_bench", "shapes", *server.flags(), "--base", workload.commits[0], "--head", workload.heads[0],
        "--labels", workload.labels, "--calls", str(bench.rounds(200) if not bench.quick else 20))}
    names = {"packed_bits": "select_vs_null", "new_list_bits": "select_new_list_vs_null",
             "digest_bits": "select_digest_vs_packed_null", "strings_strings": "select_strings_vs_null"}
    results = {}
    for shape, name in names.items():
        ours, null = found[shape]["ours"], found[shape]["null"]
        log(f"  {shape}: request {found[shape]['request_bytes']:,} B, answer {found[shape]['answer_bytes']:,} B; "
            f"p50 {ours['p50']:.0f} / {null['p50']:.0f} us, p99 {ours['p99']:.0f} / {null['p99']:.0f} us, "
            f"cpu {ours['cpu']:.0f} / {null['cpu']:.0f} us")
        results[name] = ours["p50"] / null["p50"]
        results[name + "_cpu"] = ours["cpu"] / null["cpu"]
    return results


def throughput(bench):
    """Small answers from the cache, many at once."""
    server, workload = bench.selection_server(), bench.workload("large")
    rows = bench.run(
        "rpc_bench", "throughput", *server.flags(), "--base", workload.commits[0], "--head", workload.heads[0],
        "--labels", workload.labels, "--calls", "2000" if bench.quick else "20000", "--in-flight", "32",
        "--labels-used", "20", "--rounds", str(bench.rounds(7)))
    for row in rows:
        log(f"  {row['ours']['rate']:.0f} / {row['null']['rate']:.0f} calls/s, "
            f"cpu {row['ours']['cpu']:.1f} / {row['null']['cpu']:.1f} us a call")
    return {"throughput_vs_echo": median(row["ours"]["rate"] / row["null"]["rate"] for row in rows),
            "throughput_vs_echo_cpu": median(row["ours"]["cpu"] / row["null"]["cpu"] for row in rows)}


def cold(bench):
    """The first sight of heads that change some 200 files thinly."""
    server, workload = bench.selection_server(), bench.workload("large")
    rows = bench.run("cold_bench", *server.flags(), "--git-dir", workload.repository, "--labels", workload.labels,
                     "--base", workload.commits[0], *workload.heads[1:])  # shapes() has asked for the first
    for row in rows:
        log(f"  {row['files']} files, {row['bytes']:,} B: wall {row['ours']['wall']:.1f} / {row['floor']['wall']:.1f} ms, "
            f"cpu {row['ours']['cpu']:.1f} / {row['floor']['cpu']:.1f} ms")
    return {"cold_vs_parse": median(row["ours"]["wall"] / row["floor"]["wall"] for row in rows),
            "cold_vs_parse_cpu": median(row["ours"]["cpu"] / row["floor"]["cpu"] for row in rows)}
