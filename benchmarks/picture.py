"""Draws an outage as SVG: who answered, how soon, and when the circuit of the provider that failed was open."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.callers import Answer

WIDTH, HEIGHT = 760, 306
LEFT, RIGHT = 56, 612
SHARES = (46, 176)
"""Top and bottom of the panel of shares, and so on."""
TIMES = (196, 246)
CIRCUIT = (258, 270)
LONGEST_MS = 160.0
BIN_S = 0.5
JOIN_S = 0.1
"""Spans that are less apart are one: between two of them the circuit was probed."""
FAILED = "failed"
LABELLED = 'role="img" aria-labelledby="title description"'
STYLE = """
    .ground { fill: #ffffff; }
    .first { fill: #3b6fd9; } .second { fill: #3d9a70; } .third { fill: #d99a2b; } .failed { fill: #cf222e; }
    .outage { fill: #cf222e; fill-opacity: 0.10; }
    .edge { stroke: #cf222e; stroke-width: 1.2; stroke-dasharray: 4 3; }
    .frame { fill: none; stroke: #8c959f; }
    .closed { fill: #d0d7de; } .open { fill: #cf222e; }
    .vain { stroke: #ffffff; stroke-width: 1.5; }
    .time { fill: none; stroke: #1f2328; stroke-width: 1.8; stroke-linejoin: round; }
    text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #57606a; }
    .name { font-size: 14px; font-weight: 600; fill: #1f2328; }
    .end { text-anchor: end; } .middle { text-anchor: middle; }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117; }
      .first { fill: #5b8df0; } .second { fill: #4fb387; } .third { fill: #d9a441; } .failed { fill: #f85149; }
      .outage { fill: #f85149; fill-opacity: 0.16; }
      .edge { stroke: #f85149; }
      .frame { stroke: #6e7681; }
      .closed { fill: #30363d; } .open { fill: #f85149; }
      .vain { stroke: #0d1117; }
      .time { stroke: #e6edf3; }
      text { fill: #9da7b3; }
      .name { fill: #e6edf3; }
    }
  """
CLASSES = ("first", "second", "third", FAILED)


@dataclass(frozen=True)
class Span:
    """From when until when, in seconds after the start."""

    begin_s: float
    end_s: float


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What is shown of one strategy."""

    strategy: str
    note: str
    providers: tuple[str, ...]
    """The first one is that which failed."""
    answers: Sequence[Answer]
    seconds: float
    outage: Span
    open_spans: Sequence[Span]
    """When its circuit was open, as each request that passed over it says; they overlap."""
    vain_s: Sequence[float]
    """When it was asked and failed."""

    @property
    def failures(self) -> int:
        """Requests without a whole answer."""
        return sum(not answer.is_whole for answer in self.answers)

    def x(self, second: float) -> float:
        """Where a moment lies."""
        return LEFT + (RIGHT - LEFT) * min(max(second / self.seconds, 0.0), 1.0)


def drawn(picture: Picture) -> str:
    """The whole file."""
    heading = f"{picture.strategy} in an outage of {picture.providers[0]}"
    failures = f"{picture.failures or 'none'} of {len(picture.answers)} requests failed"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {LABELLED}>',
        f'<title id="title">{heading}</title>',
        f'<desc id="description">{_described(picture)} {failures[0].upper()}{failures[1:]}.</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="10"/>',
        f'<text class="name" x="{LEFT}" y="22">{heading}</text>',
        f'<text x="{LEFT}" y="38">{picture.note}</text>',
        *_shares(picture),
        *_outage(picture),
        *_times(picture),
        *_circuit(picture),
        *_axis(picture),
        f'<text class="end" x="{RIGHT}" y="22">{failures}</text>',
    ]
    return "\n  ".join(parts) + "\n</svg>\n"


def _described(picture: Picture) -> str:
    """The picture in words: who answered before, during and after the outage."""
    outage = picture.outage
    phases = {
        "Before it": (0.0, outage.begin_s),
        "during it": (outage.begin_s, outage.end_s),
        "after it": (outage.end_s, picture.seconds),
    }
    told = []
    for when, (begin_s, end_s) in phases.items():
        asked = [one for one in picture.answers if begin_s <= one.due_s < end_s]
        shares = [sum(one.provider == name for one in asked) / max(1, len(asked)) for name in picture.providers]
        parts = [f"{name} {share:.0%}" for name, share in zip(picture.providers, shares, strict=True) if share]
        told.append(f"{when} {', '.join(parts)}")
    return f"Who answered: {'; '.join(told)}."


def _bins(picture: Picture) -> Iterator[tuple[float, list[Answer]]]:
    """The middle of each bin with the requests that were due in it."""
    for number in range(round(picture.seconds / BIN_S)):
        begin_s = number * BIN_S
        yield begin_s + BIN_S / 2, [one for one in picture.answers if begin_s <= one.due_s < begin_s + BIN_S]


def _shares(picture: Picture) -> Iterator[str]:
    """Stacked areas, the failures on top."""
    top, bottom = SHARES
    columns = [(at_s, _heaped(asked, picture.providers)) for at_s, asked in _bins(picture) if asked]
    columns = [(0.0, columns[0][1]), *columns, (picture.seconds, columns[-1][1])]
    for place, name in enumerate(CLASSES):
        upper = [(picture.x(at_s), bottom - (bottom - top) * heap[place + 1]) for at_s, heap in columns]
        lower = [(picture.x(at_s), bottom - (bottom - top) * heap[place]) for at_s, heap in columns]
        if upper != lower:
            yield f'<path class="{name}" d="M{_points([*upper, *reversed(lower)])}Z"/>'
    yield f'<rect class="frame" x="{LEFT}" y="{top}" width="{RIGHT - LEFT}" height="{bottom - top}"/>'
    yield f'<text class="end" x="{LEFT - 6}" y="{top + 8}">100 %</text>'
    yield f'<text class="end" x="{LEFT - 6}" y="{bottom}">0</text>'
    for place, (name, label) in enumerate(zip(CLASSES, picture.providers, strict=False)):
        y = bottom - 22 * place - 10
        yield f'<rect class="{name}" x="{RIGHT + 14}" y="{y - 10}" width="12" height="12" rx="2"/>'
        yield f'<text x="{RIGHT + 32}" y="{y}">{label}</text>'


def _heaped(asked: Sequence[Answer], providers: Sequence[str]) -> list[float]:
    """The shares of providers and of failures, each on top of those before it; it begins with 0."""
    heap = [0.0]
    for name in providers:
        share = sum(one.is_whole and one.provider == name for one in asked) / len(asked)
        heap.append(heap[-1] + share)
    return [*heap, 1.0 if any(not one.is_whole for one in asked) else heap[-1]]


def _outage(picture: Picture) -> Iterator[str]:
    begin, end = picture.x(picture.outage.begin_s), picture.x(picture.outage.end_s)
    top, bottom = TIMES[0], CIRCUIT[1]
    yield f'<rect class="outage" x="{begin:g}" y="{top}" width="{end - begin:g}" height="{bottom - top}"/>'
    yield f'<text class="middle" x="{(begin + end) / 2:g}" y="{TIMES[1] - 5}">{picture.providers[0]} fails</text>'
    yield from (f'<path class="edge" d="M{x:g} {SHARES[0]}V{bottom}"/>' for x in (begin, end))


def _times(picture: Picture) -> Iterator[str]:
    """The median time to first token."""
    top, bottom = TIMES
    points = []
    for at_s, asked in _bins(picture):
        if asked:
            share = min(median(one.first_s for one in asked) * 1e3 / LONGEST_MS, 1.0)
            points.append((picture.x(at_s), bottom - (bottom - top) * share))
    yield f'<rect class="frame" x="{LEFT}" y="{top}" width="{RIGHT - LEFT}" height="{bottom - top}"/>'
    yield f'<path class="time" d="M{_points(points)}"/>'
    yield f'<text class="end" x="{LEFT - 6}" y="{top + 8}">{LONGEST_MS:.0f} ms</text>'
    yield f'<text class="end" x="{LEFT - 6}" y="{bottom}">0</text>'
    yield f'<text x="{RIGHT + 14}" y="{(top + bottom) / 2 + 4:g}">p50 to first token</text>'


def _circuit(picture: Picture) -> Iterator[str]:
    """When the first provider's circuit was open, and when it was asked in vain: until that opened, then to probe."""
    top, bottom = CIRCUIT
    yield f'<rect class="closed" x="{LEFT}" y="{top}" width="{RIGHT - LEFT}" height="{bottom - top}"/>'
    for span in _joined(picture.open_spans):
        begin, end = picture.x(span.begin_s), picture.x(span.end_s)
        yield f'<rect class="open" x="{begin:.1f}" y="{top}" width="{end - begin:.1f}" height="{bottom - top}"/>'
    for second in picture.vain_s:
        yield f'<path class="vain" d="M{picture.x(second):.1f} {top}V{bottom}"/>'
    yield f'<text x="{RIGHT + 14}" y="{bottom - 2}">{picture.providers[0]}: circuit open</text>'


def _joined(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.begin_s):
        if joined and span.begin_s <= joined[-1].end_s + JOIN_S:
            joined[-1] = Span(joined[-1].begin_s, max(joined[-1].end_s, span.end_s))
        else:
            joined.append(span)
    return joined


def _axis(picture: Picture) -> Iterator[str]:
    y = CIRCUIT[1] + 18
    for second in range(0, round(picture.seconds) + 1, 4):
        yield f'<text class="middle" x="{picture.x(second):g}" y="{y}">{second}</text>'
    yield f'<text x="{RIGHT + 14}" y="{y}">seconds</text>'


def _points(points: Sequence[tuple[float, float]]) -> str:
    """A line through all of them, without those in the middle of a straight piece."""
    kept = [
        here
        for before, here, after in zip([None, *points], points, [*points[1:], None], strict=False)
        if before is None or after is None or not before[1] == here[1] == after[1]
    ]
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in kept)
