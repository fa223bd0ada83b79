"""Figures in words: money, shares, counts; a figure and its unit stay on one line."""

CURRENCY = "€"
SPACE = "\N{NO-BREAK SPACE}"


def money(cents: float) -> str:
    """Return cents as money.

    >>> print(money(123456), money(-5), money(0.4))
    1,234.56 € −0.05 € 0.00 €
    """
    sign = "−" if round(cents) < 0 else ""
    return f"{sign}{abs(round(cents)) / 100:,.2f}{SPACE}{CURRENCY}"


def more(cents: float) -> str:
    """Return a difference in money, with its sign.

    >>> print(more(150), more(-150), more(0))
    +1.50 € −1.50 € 0.00 €
    """
    return ("+" if round(cents) > 0 else "") + money(cents)


def share(part: float, digits: int = 1) -> str:
    """Return a share in percent; never 0 for what is not.

    >>> print(share(0.125), share(-0.004), share(0.00001), share(0))
    12.5 % −0.4 % < 0.1 % 0.0 %
    """
    least = 10.0**-digits
    if 0 < 100 * part < least:
        return f"<{SPACE}{least:g}{SPACE}%"
    sign = "−" if part < 0 else ""
    return f"{sign}{abs(100 * part):,.{digits}f}{SPACE}%"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number of things.

    >>> count(1, "order"), count(1200, "order"), count(2, "box", "boxes")
    ('1 order', '1,200 orders', '2 boxes')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
