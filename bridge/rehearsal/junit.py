"""Results as JUnit XML, for what shows test results in CI: a suite a scenario, a case a verdict.

Source: github.com/testmoapp/junitxml, the format as CI services read it (2026-11).
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from bridge.rehearsal.picture import Paper, render_picture
from bridge.rehearsal.result import Result
from bridge.rehearsal.verdict import Verdict

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 may not hold. Source: w3.org/TR/xml, 2.2 Characters."""

NAME = "bridge rehearse"


def render_junit(results: Sequence[Result]) -> str:
    """The document, with its declaration."""
    root = ET.Element("testsuites", name=NAME)
    for result in results:
        root.append(_suite(result))
    tests = sum(int(suite.get("tests", 0)) for suite in root)
    root.set("tests", str(tests))
    root.set("failures", str(sum(int(suite.get("failures", 0)) for suite in root)))
    root.set("errors", str(sum(int(suite.get("errors", 0)) for suite in root)))
    root.set("time", f"{sum(result.real_s for result in results):.3f}")
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(result: Result) -> ET.Element:
    failures = sum(not verdict.passed for verdict in result.verdicts)
    suite = ET.Element(
        "testsuite",
        name=_clean(result.scenario.name),
        tests=str(len(result.verdicts) + bool(result.trouble)),
        failures=str(failures),
        errors=str(int(bool(result.trouble))),
        skipped="0",
        time=f"{result.real_s:.3f}",
    )
    if result.trouble:
        case = _case(suite, result, "it can be acted out")
        ET.SubElement(case, "error", message=_clean(result.trouble))
    for verdict in result.verdicts:
        _judged(_case(suite, result, _name(verdict)), verdict)
    if result.performance is not None:
        picture = render_picture(result.performance, Paper())
        out = ET.SubElement(suite, "system-out")
        out.text = _clean(f"{result.scenario.title}\n\n{picture}\n")
    return suite


def _case(suite: ET.Element, result: Result, name: str) -> ET.Element:
    return ET.SubElement(
        suite,
        "testcase",
        name=_clean(name),
        classname=_clean(f"rehearse.{result.scenario.name}"),
        file=_clean(result.scenario.file),
        time="0",
    )


def _judged(case: ET.Element, verdict: Verdict) -> None:
    if not verdict.passed:
        why = _clean(verdict.why or "it is not so")
        failure = ET.SubElement(case, "failure", message=why, type="expectation")
        failure.text = f"{_clean(verdict.what)}: {why}"


def _name(verdict: Verdict) -> str:
    return f"{verdict.place}: {verdict.what}"


def _clean(text: str) -> str:
    return FORBIDDEN.sub("�", text)
