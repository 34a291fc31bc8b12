"""Figures of a run, as a table for people and as JSON for programs."""

import json
import os
import time

HEAD = f"| {'engine':<12} | asked | executed | correct |  said | steps | corrections | tokens in | tokens out | s a question |"


def figures(turns):
    """What some turns came to."""
    usages = [turn["reply"]["usage"] for turn in turns if turn["reply"] and "usage" in turn["reply"]]
    sayable = [turn["said"] for turn in turns if turn["said"] is not None]
    return {
        "asked": len(turns), "executed": sum(turn["executed"] for turn in turns), "correct": sum(turn["correct"] for turn in turns),
        "said": sum(sayable), "sayable": len(sayable), "failed": sum(turn["reply"] is None for turn in turns),
        "steps": sum(usage["steps"] for usage in usages), "corrections": sum(usage["corrections"] for usage in usages),
        "promptTokens": sum(usage["promptTokens"] for usage in usages),
        "completionTokens": sum(usage["completionTokens"] for usage in usages), "ms": sum(turn["ms"] for turn in turns),
    }


def line(turn):
    """One turn, in a line."""
    outcome = "right" if turn["correct"] else "wrong" if turn["executed"] else turn["error"] or "no rows"
    usage = (turn["reply"] or {}).get("usage", {})
    return (f"{turn['id']:<12} {turn['engine']:<10} {outcome:<12} {usage.get('steps', 0):>2} steps {usage.get('corrections', 0)} corrected "
            f"{usage.get('promptTokens', 0):>6}+{usage.get('completionTokens', 0):<5} tokens {turn['ms'] / 1000:>7.1f} s  "
            f"{' '.join((turn['sql'] or turn['errorMessage'] or '').split())[:110]}")


def row(name, found):
    said = f"{found['said']}/{found['sayable']}"
    return (f"| {name:<12} | {found['asked']:>5} | {found['executed']:>8} | {found['correct']:>7} | {said:>5} | {found['steps']:>5} | "
            f"{found['corrections']:>11} | {found['promptTokens']:>9,} | {found['completionTokens']:>10,} | "
            f"{found['ms'] / 1000 / max(1, found['asked']):>12.1f} |")


def table(model, turns):
    """The figures by engine, and of all."""
    engines = list(dict.fromkeys(turn["engine"] for turn in turns))
    rows = [row(engine, figures([turn for turn in turns if turn["engine"] == engine])) for engine in engines]
    rule = "|" + "|".join("-" * len(cell) for cell in HEAD.split("|")[1:-1]) + "|"
    return "\n".join([f"Model {model}, {time.strftime('%Y-%m-%d')}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", HEAD, rule,
                      *rows, row("all", figures(turns))])


def write(path, model, turns):
    """Everything, for programs: figures and every turn with its reply."""
    document = {"model": model, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "total": figures([turn for turn in turns if "correct" in turn]), "turns": turns}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
        file.write("\n")
