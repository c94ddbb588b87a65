"""Which SSH public keys are taken, what is said of the others, and how those that are taken reach an environment."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import assume, given
from hypothesis import strategies as st

from pods.refusals import BadSshKey
from pods.ssh_keys import LONGEST_LINE, MOST_KEYS, MOST_TOGETHER, check_keys, environment_with, read_keys
from tests.pods.keys import blob_of, ecdsa_key, ed25519_key, private_key, rsa_key

ED25519 = ed25519_key()
BLOB = blob_of(ED25519)


def packed(*parts: bytes) -> str:
    """Parts as SSH packs them, in base64."""
    return base64.b64encode(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).decode()


SK = b"sk-ssh-ed25519@openssh.com"
SK_ECDSA = b"sk-ecdsa-sha2-nistp256@openssh.com"
POINT = base64.b64decode(blob_of(ecdsa_key(ec.SECP256R1())))[-65:]


def refusal(*lines: str) -> str:
    """The message; it says which key and line, and never holds any of the text that was given."""
    with pytest.raises(BadSshKey) as refused:
        check_keys(list(lines))
    assert (refused.value.field, refused.value.code, refused.value.status) == ("ssh_keys", "bad_ssh_key", 400)
    assert refused.value.message.endswith(".")
    return refused.value.message


@pytest.mark.parametrize(
    "line",
    [
        ED25519,
        ecdsa_key(ec.SECP256R1()),
        ecdsa_key(ec.SECP384R1()),
        ecdsa_key(ec.SECP521R1()),
        rsa_key(2048),
        rsa_key(3072),
        f"{SK.decode()} {packed(SK, bytes(range(32)), b'ssh:')} alice@yubikey",
        f"{SK_ECDSA.decode()} {packed(SK_ECDSA, b'nistp256', POINT, b'ssh:')} alice@yubikey",
        f"ssh-ed25519 {BLOB}",
        f"ssh-ed25519   {BLOB}   two  blanks, a $(trick) and 'quotes\"",
    ],
    ids=lambda line: line.split()[0],
)
def test_a_key_is_kept_as_it_was_given(line):
    assert check_keys([line]) == [line]


def test_blanks_around_a_key_are_taken_off():
    """Proxmox would take those at its end off, too."""
    assert check_keys([f"  {ED25519}  "]) == [ED25519]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("# my keys", "remark"),
        ("alice", "no type of key"),
        ("1024 35 1234567890 alice", "no type of key"),
        (BLOB, "no type of key"),
        (f"ssh-dss {packed(b'ssh-dss', b'1', b'2', b'3', b'4')}", "DSA keys are weak"),
        (f"ssh-ed448 {BLOB}", "no type of key"),
        (f"ssh-ed25519-cert-v01@openssh.com {BLOB}", "certificate"),
        (f'command="/bin/sh" {ED25519}', "Options are not taken"),
        (f'from="10.0.0.1",command="a b" {ED25519}', "Options are not taken"),
        (f"restrict {ED25519}", "Options are not taken"),
        (f"cert-authority,zos-key-ring-label=x {ED25519}", "Options are not taken"),
        ("ssh-ed25519", "not the base64"),
        ("ssh-ed25519 ", "not the base64"),
        (f"ssh-ed25519 {BLOB}!", "not the base64"),
        (f"ssh-ed25519 {BLOB[:-1]}", "not the base64"),
        (f"sk-ssh-ed25519@openssh.com {packed(SK, bytes(32), b'ssh:')[:-2]}B=", "not the base64"),  # bits to spare
        (f"ssh-ed25519 {BLOB[:10]}=={BLOB[10:]}", "not the base64"),
        (f'ssh-ed25519 command="x" {ED25519}', "not the base64"),
        (f"ssh-rsa {BLOB} alice", "of another type"),
        (f"ssh-ed25519 {packed(b'ssh-rsa', b'x')}", "of another type"),
        (f"ssh-ed25519 {base64.b64encode(b'abc').decode()}", "of another type"),
        (f"ssh-ed25519 {packed(b'ssh-ed25519', bytes(31))}", "no sound"),
        (f"ssh-ed25519 {packed(b'ssh-ed25519', bytes(33))}", "no sound"),
        (f"ssh-ed25519 {packed(b'ssh-ed25519', bytes(32), b'more')}", "no sound"),
        (f"ssh-ed25519 {packed(b'ssh-ed25519')}", "no sound"),
        (f"ecdsa-sha2-nistp256 {packed(b'ecdsa-sha2-nistp256', b'nistp384', POINT)}", "no sound"),
        (f"ecdsa-sha2-nistp256 {packed(b'ecdsa-sha2-nistp256', b'nistp256', bytes([4]) + bytes(64))}", "no sound"),
        (rsa_key(1024), "1024 bits"),
        (ED25519 + "x" * LONGEST_LINE, "at most 8192"),
    ],
)
def test_what_is_no_key_that_is_taken_is_refused_with_its_line_and_a_remedy(line, words):
    message = refusal(line)
    assert message.startswith("ssh_keys[0], line 1: ")
    assert words in message
    assert BLOB not in message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (private_key(), "ssh_keys[1], line 1"),
        (private_key().replace("OPENSSH", "RSA"), "ssh_keys[1], line 1"),
        (private_key().replace("OPENSSH ", "ENCRYPTED "), "ssh_keys[1], line 1"),
        (private_key().replace("\n", " "), "ssh_keys[1], line 1"),
        (f"ssh-ed25519 {BLOB} bob\n{private_key()}", "ssh_keys[1], line 2"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "ssh_keys[1], line 1"),
    ],
)
def test_a_private_key_is_refused_and_none_of_it_is_said_again(text, where):
    message = refusal(ed25519_key(), text)
    assert message.startswith(f"{where}: this is a private key")
    for word in text.split():
        assert len(word) < 20 or word not in message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (f"{ED25519}\n", "line 1"),
        (f"{ED25519}\r\n", "line 1"),
        (f"{ED25519}\n{ed25519_key()}", "line 1"),
        (f'{ED25519}\ncommand="/bin/sh" {ed25519_key()}', "line 1"),
        (f"{ED25519}\rPATH=/tmp", "line 1"),
    ],
)
def test_a_key_with_a_line_break_is_refused(text, where):
    message = refusal(text)
    assert message.startswith(f"ssh_keys[0], {where}: a line break ends it.")


@pytest.mark.parametrize(
    "odd", ["\0", "\t", "\x0b", "\x1b", "\x7f", "\x85", "\u2028", "é", "日", "\U0001f511", "\ud800"]
)
def test_a_character_that_an_environment_does_not_carry_is_refused_by_its_number(odd):
    assert f"U+{ord(odd):04X}" in refusal(f"{ED25519}{odd}x")


def test_a_key_given_twice_is_refused_whatever_its_comment():
    assert refusal(ED25519, ed25519_key(), f"ssh-ed25519 {BLOB} again").startswith(
        "ssh_keys[2], line 1: this is the key of ssh_keys[0] again"
    )


def test_more_keys_than_a_pod_takes_are_refused():
    assert f"at most {MOST_KEYS}" in refusal(*[ed25519_key(str(number)) for number in range(MOST_KEYS + 1)])
    assert len(check_keys([ed25519_key(str(number)) for number in range(MOST_KEYS)])) == MOST_KEYS


def test_keys_that_are_too_long_together_are_refused():
    long = MOST_TOGETHER // 10
    assert str(MOST_TOGETHER) in refusal(*[ed25519_key("c" * long) for _ in range(11)])


def test_people_are_told_type_fingerprint_and_comment_as_ssh_keygen_tells_them():
    [key] = read_keys([f"ssh-ed25519 {packed(b'ssh-ed25519', bytes(range(32)))} alice on her laptop"])
    assert str(key) == "ssh-ed25519 SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA alice on her laptop"


def test_an_environment_keeps_what_the_template_gave_and_no_key_but_these():
    has = ("PATH=/bin", "CLOUDPOD_SSH_KEY_1=stale", "CLOUDPOD_SSH_KEY_12=stale", "CLOUDPOD_SSH_KEYS=other", "A=1=2")
    first, second = ed25519_key(), ed25519_key()
    kept = ("PATH=/bin", "CLOUDPOD_SSH_KEYS=other", "A=1=2")
    assert environment_with([], has) == kept
    with_keys = environment_with([first, second], has)
    assert with_keys == (*kept, f"CLOUDPOD_SSH_KEY_1={first}", f"CLOUDPOD_SSH_KEY_2={second}")
    assert environment_with([first, second], with_keys) == with_keys


PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=200)


@given(PRINTABLE)
def test_any_printable_comment_is_kept(comment):
    [kept] = check_keys([f"ssh-ed25519 {BLOB} {comment}"])
    assert kept == f"ssh-ed25519 {BLOB} {comment}".strip(" ")
    assert read_keys([kept])[0].comment == comment.strip(" ")


@given(st.text(max_size=300) | st.builds("{} {}".format, st.sampled_from(["ssh-ed25519", "ssh-rsa"]), st.text()))
def test_any_text_is_kept_whole_or_refused_with_its_place(text):
    try:
        kept = check_keys([ED25519, text])
    except BadSshKey as refused:
        assert refused.message.startswith("ssh_keys[1], line ")  # noqa: PT017
    else:
        assert kept[1] == text.strip(" ")


@given(st.binary(max_size=100))
def test_no_bytes_in_place_of_a_key_are_more_than_refused(blob):
    assume(not blob.startswith((32).to_bytes(4, "big")))
    refusal(f"ssh-ed25519 {packed(b'ssh-ed25519')}{base64.b64encode(blob).decode()}")


@given(st.integers(0, len(BLOB) - 1), st.sampled_from("ABCxyz019+/="))
def test_a_damaged_key_is_refused_or_another_key(at, letter):
    damaged = BLOB[:at] + letter + BLOB[at + 1 :]
    try:
        [kept] = check_keys([f"ssh-ed25519 {damaged}"])
    except BadSshKey:
        return
    assert kept == f"ssh-ed25519 {damaged}"
    assert base64.b64decode(damaged, validate=True)[:19] == base64.b64decode(BLOB)[:19]
