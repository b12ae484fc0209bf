"""Requirement lines: what is read, what is made of them, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute import requirements
from jupyter_compute.errors import ConfigError


def read(tmp_path, text, name="requirements.txt"):
    path = tmp_path / name
    path.write_text(text)
    return requirements.read(path)


def test_comments_order_and_case_do_not_matter(tmp_path):
    one = read(tmp_path, "NumPy >= 1.26 , <3  # arrays\n\npandas\n")
    other = read(tmp_path, "# tables\npandas\r\nnumpy<3,>=1.26\n")
    assert one == other
    assert one.lines == ("numpy<3,>=1.26", "pandas")


def test_a_file_may_include_others_and_be_constrained(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "base.txt").write_text("scipy\n-c limits.txt\n")
    (tmp_path / "more" / "limits.txt").write_text("numpy<3\n")
    found = read(
        tmp_path, "-r more/base.txt\n--extra-index-url https://example.org/simple\nnumpy\n"
    )
    assert found.lines == (
        "-c constraints-1.txt",
        "--extra-index-url https://example.org/simple",
        "numpy",
        "scipy",
    )
    assert found.files == {"constraints-1.txt": "numpy<3\n"}


def test_hashes_over_several_lines_stay_with_their_package(tmp_path):
    found = read(tmp_path, "six==1.17.0 \\\n    --hash=sha256:bb \\\n    --hash=sha256:aa\n")
    assert found.lines == ("six==1.17.0 --hash=sha256:aa --hash=sha256:bb",)


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "pandas[parquet,excel]>=2,<3",
        "torch==2.4.0+cpu",
        "x===weird-2004",
        "tomli; python_version < '3.11'",
        "pkg @ https://example.org/pkg-1.0-py3-none-any.whl",
        "git+https://example.org/a/b.git@main#egg=b",
        "django (>=4.2)",
        "numpy==1.*",
    ],
)
def test_what_pip_takes_is_taken(line):
    assert len(requirements.parse([line], "--env").lines) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("numpy==", "is no requirement"),
        ("numpy 1.26", "is no requirement"),
        ("???", "is no requirement"),
        ("-e .", "folder of this machine"),
        ("./mine", "folder of this machine"),
        ("mine @ file:///home/me/mine", "folder of this machine"),
        ("--frobnicate", "'--frobnicate' is not known"),
        ("-r other.txt", "a file stands alone"),
    ],
)
def test_what_cannot_be_installed_there_is_refused_by_name(line, said):
    with pytest.raises(ConfigError, match=said) as caught:
        requirements.parse([line], "--env")
    assert line.split()[0] in str(caught.value)


def test_all_wrong_lines_are_named_with_their_numbers(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "numpy\n==3\nfine\n%%\n")
    assert "line 2" in str(caught.value)
    assert "line 4" in str(caught.value)


def test_a_password_is_refused_and_not_repeated(tmp_path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "--index-url https://me:hunter2@example.org/simple\nnumpy\n")
    assert "hunter2" not in str(caught.value) + caught.value.hint
    found = read(tmp_path, "--index-url https://me:${TOKEN}@example.org/simple\nnumpy\n")
    assert found.lines[0].startswith("--index-url")


@pytest.mark.parametrize("text", ["", "# nothing\n", "\n\n"])
def test_a_file_without_packages_is_refused(tmp_path, text):
    with pytest.raises(ConfigError, match="names no package"):
        read(tmp_path, text)


def test_a_file_that_includes_itself_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="includes itself"):
        read(tmp_path, "-r requirements.txt\n")


def test_an_included_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no file more\.txt"):
        read(tmp_path, "-r more.txt\n")


def test_commas_split_requirements_and_not_their_parts():
    text = "a>=1,<2, b[x,y]!=3,c; python_version in '3.11,3.12'"
    assert requirements.split(text) == [
        "a>=1,<2",
        "b[x,y]!=3",
        "c; python_version in '3.11,3.12'",
    ]


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        found = requirements.parse(requirements.split(text), "--env")
    except ConfigError:
        return
    assert requirements.parse(found.lines, "--env").lines == found.lines
