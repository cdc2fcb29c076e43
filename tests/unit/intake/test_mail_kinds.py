"""Which mails are a person's, and which are never acknowledged (RFC 3834, 8098, 5546; channels.md 3.2)."""

from __future__ import annotations

import pytest

from services.intake.mail.delivery import Envelope, read_mail


def kind_of_mail(head: str, body: str = "Words.", account: str = "support@acme.example") -> str:
    data = f"{head}\r\n\r\n{body}\r\n"
    if "From:" not in head:
        data = f"From: Ana <ana@x.example>\r\n{data}"
    return read_mail(Envelope("ana@x.example", (account,), data.encode(), 1)).events[0].kind


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Your order",
        "Re: Out of Office: x",
        "Automatische Antwort: Rechnung",
        "Abwesenheitsnotiz",
        "Abwesenheit: Ihre Anfrage",
        "Resposta automática: Fatura",
        "Ausência: férias",
        "Samodejni odgovor: Račun",
        "Odsotnost: račun",
        "Аутоматски одговор: Рачун",
        "Одсутан: Рачун",
        "Automatski odgovor: Račun",
        "Odsutna (do ponedeljka)",
        "స్వయంచాలక ప్రత్యుత్తరం: బిల్లు",
        "Automatisk svar: Faktura",
        "Autosvar: Faktura",
        "Automatiskt svar: Faktura",
        "Automatisch antwoord: Factuur",
        "Odpowiedź automatyczna: Faktura",
        "Réponse automatique : Facture",
        "Risposta automatica: Fattura",
        "Respuesta automática: Factura",
        "自動返信: 請求書",
        "Автоматический ответ: счет",
        "Report Domain: acme.example Submitter: mx.example Report-ID: <2026.04.03@mx.example>",
        "Report domain: acme.example; Submitter: mx.example; Report-ID: 17",
    ],
)
def test_a_machines_subject_is_an_automatic_reply(subject: str) -> None:
    assert kind_of_mail(f"Subject: {subject}") == "auto_reply"


@pytest.mark.parametrize(
    "subject",
    [
        "Abwesenheit",
        "Meine Abwesenheit im Mai",
        "Abwesenheit vom 3. bis 9. Mai, bitte nicht liefern",
        "Re: Automatic doors do not open",
        "Odsotnost zaradi dopusta",
        "Odsutan sam do petka, pošaljite kasnije",
        "Fora do escritório não recebo encomendas",
        "Away from home next week",
        "Report domain: my domain does not work",
        "Undeliverable parcel, please help",
        "Delivery failed again!",
        "Fwd: Automatic reply: Your order",
        "Absence of an invoice",
        "Im Urlaub: bitte später liefern",
        "On vacation (please hold my order)",
    ],
)
def test_people_write_such_words_too(subject: str) -> None:
    assert kind_of_mail(f"Subject: {subject}") == "message"


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied (vacation)",
        "Auto-Submitted: auto-generated; x=1",
        "X-Autoreply: yes",
        "X-Autorespond: vacation",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "Precedence: bulk",
        "Precedence: auto_reply",
        "List-Id: News <news.x.example>",
        "X-Apple-Action: VACATION",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
        "Content-Type: text/calendar; method=REPLY",
    ],
)
def test_a_mark_of_machines_is_an_automatic_reply(field: str) -> None:
    assert kind_of_mail(f"Subject: Hello\r\n{field}") == "auto_reply"


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no",
        "X-Auto-Response-Suppress: None",
        "X-Autoreply: no",
        "Content-Type: text/calendar; method=REQUEST",
    ],
)
def test_a_mark_that_says_no_is_none(field: str) -> None:
    assert kind_of_mail(f"Subject: Hello\r\n{field}") == "message"


def test_a_list_of_our_own_is_a_mailbox() -> None:
    head = "Subject: Hello\r\nPrecedence: list\r\nList-Id: Support <support.acme.example>"

    assert kind_of_mail(head) == "message"
    assert kind_of_mail(head, account="sales@acme.example") == "auto_reply"
