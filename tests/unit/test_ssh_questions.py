"""What OpenSSH asks is understood, and answered from memory or by the person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from jupyter_compute.drivers._askpass import Asked, understand
from jupyter_compute.drivers._ssh_answers import Answers
from jupyter_compute.errors import AuthenticationError, ConfigError, TargetUnreachableError
from jupyter_compute.model import Question

HOST_KEY = (
    "The authenticity of host 'gpu1 (10.0.0.1)' can't be established.\n"
    "ED25519 key fingerprint is SHA256:abc.\n"
    "This key is not known by any other names.\n"
    "Are you sure you want to continue connecting (yes/no/[fingerprint])? "
)
PASSWORD = Asked(kind="password", text="ann@gpu1's password:")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (HOST_KEY, "host-key"),
        ("Please type 'yes', 'no' or the fingerprint: ", "host-key"),
        ("ann@gpu1's password: ", "password"),
        ("otp-user@gpu1's password: ", "password"),
        ("(ann@gpu1) Password: ", "password"),
        ("(code@token1) Password: ", "password"),
        ("(ann@gpu1) Password for ann@gpu1: ", "password"),
        ("Enter passphrase for key '/home/ann/.ssh/id_ed25519': ", "passphrase"),
        ("Enter passphrase for /home/ann/my key: ", "passphrase"),
        ("(ann@gpu1) Enter passphrase for key '/home/ann/.ssh/id': ", "code"),  # the server asks
        ("(ann@gpu1) Verification code: ", "code"),
        ("(ann@gpu1) One-time password (OATH) for `ann': ", "code"),
        ("(ann@gpu1) Password & verification code: ", "code"),
        ("(ann@gpu1) Duo two-factor login for ann\n\nPasscode or option (1-2): ", "code"),
        ("Enter PIN for ED25519-SK key /home/ann/.ssh/id_sk: ", "code"),
        ("(ann@gpu1) Current password: ", "code"),
        ("(ann@gpu1) New password: ", "code"),
        ("", "code"),
    ],
)
def test_a_question_is_known_by_its_words(text: str, kind: str) -> None:
    assert understand(text).kind == kind


def test_what_is_only_to_be_touched_is_known_by_its_hint() -> None:
    touch = "Confirm user presence for key ED25519-SK SHA256:abc"
    assert understand(touch, "none").kind == "touch"
    assert understand("Allow use of key /home/ann/id?", "confirm").kind == "confirm"


class Person:
    """Answers in order, and remembers what was asked."""

    def __init__(self, *answers: str | Exception | None) -> None:
        self.answers = list(answers)
        self.asked: list[Question] = []

    async def __call__(self, question: Question) -> str | None:
        self.asked.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _answers(person: Person, **given: Callable[[], Awaitable[str]]) -> Answers:
    return Answers("gpu1", person, given)


def _login(answers: Answers, *asked: Asked) -> list[str | None]:
    async def answer_all() -> list[str | None]:
        answers.begin()
        return [await answers.answer(one) for one in asked]

    return asyncio.run(answer_all())


def test_a_password_is_asked_for_once_and_serves_the_next_connection() -> None:
    person = Person("sesame")
    answers = _answers(person)
    assert _login(answers, PASSWORD) == ["sesame"]
    answers.accepted()
    assert _login(answers, PASSWORD) == ["sesame"]
    assert [one.message for one in person.asked] == ["ann@gpu1's password:"]
    assert person.asked[0].keep_as == "gpu1: ann@gpu1's password"


def test_a_code_is_asked_for_each_time_and_never_kept() -> None:
    code = understand("(ann@gpu1) Verification code: ")
    person = Person("123", "456")
    answers = _answers(person)
    assert _login(answers, code) == ["123"]
    assert _login(answers, code) == ["456"]
    assert {one.keep_as for one in person.asked} == {""}


def test_a_password_that_is_asked_for_again_at_once_was_wrong() -> None:
    person = Person("wrong", "right")
    answers = _answers(person)
    assert _login(answers, PASSWORD, PASSWORD) == ["wrong", "right"]
    assert [one.again for one in person.asked] == [False, True]
    assert _login(answers, PASSWORD) == ["right"]


def test_a_password_with_which_the_login_failed_is_not_used_again() -> None:
    person = Person("wrong", "right")
    answers = _answers(person)
    assert _login(answers, PASSWORD) == ["wrong"]
    assert answers.refused()
    assert _login(answers, PASSWORD) == ["right"]
    assert not answers.refused()  # somebody has just been asked
    assert [one.again for one in person.asked] == [False, True]


def test_a_host_key_is_asked_about_once_whatever_openssh_repeats() -> None:
    person = Person("no")
    answers = _answers(person)
    repeated = understand("Please type 'yes', 'no' or the fingerprint: ")
    key = understand(HOST_KEY)
    assert _login(answers, key, key) == ["no", "no"]
    assert len(person.asked) == 1
    assert person.asked[0].message.splitlines() == [
        "The authenticity of host 'gpu1 (10.0.0.1)' can't be established.",
        "ED25519 key fingerprint is SHA256:abc.",
        "This key is not known by any other names.",
        "Are you sure you want to continue connecting?",
    ]
    assert "\n" not in answers.reason(AuthenticationError("denied")).message
    assert _login(_answers(Person("yes")), key) == ["yes"]
    assert repeated.kind == key.kind


def test_after_a_refusal_nobody_is_asked_until_somebody_wants_something() -> None:
    person = Person(None, "sesame")
    answers = _answers(person)
    assert _login(answers, PASSWORD) == [None]
    assert isinstance(answers.reason(ConfigError("said")), AuthenticationError)  # type: ignore[arg-type]
    with pytest.raises(AuthenticationError, match="not asked again"):
        _login(answers, PASSWORD)
    answers.declined = ""
    assert _login(answers, PASSWORD) == ["sesame"]


def test_a_question_that_nobody_answers_is_silence_and_asked_again() -> None:
    person = Person(TargetUnreachableError("nobody has answered"), "sesame")
    answers = _answers(person)
    assert _login(answers, PASSWORD) == [None]
    assert answers.reason(AuthenticationError("denied")).message == "nobody has answered"
    assert _login(answers, PASSWORD) == ["sesame"]


def test_a_password_named_in_the_options_is_used_first_and_once() -> None:
    async def keyring() -> str:
        return "kept"

    person = Person("typed")
    answers = _answers(person, password=keyring)
    assert _login(answers, PASSWORD) == ["kept"]
    assert _login(answers, PASSWORD, PASSWORD) == ["kept", "typed"]


def test_a_reference_with_nothing_behind_it_is_the_reason() -> None:
    async def keyring() -> str:
        raise ConfigError("the keyring has nothing for gpu1/ann")

    answers = _answers(Person(), password=keyring)
    assert _login(answers, PASSWORD) == [None]
    assert answers.reason(AuthenticationError("denied")).message.startswith("the keyring has")


def test_a_question_stays_open_when_its_login_has_given_up_waiting() -> None:
    typing = asyncio.Event()

    async def slow(question: Question) -> str | None:
        await typing.wait()
        return "sesame"

    async def give_up_and_type() -> str | None:
        answers = Answers("gpu1", slow, {})
        answers.begin()
        first = asyncio.ensure_future(answers.answer(PASSWORD))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert answers.is_asking
        typing.set()
        await answers.settled()
        answers.begin()
        return await answers.answer(PASSWORD)

    assert asyncio.run(give_up_and_type()) == "sesame"
