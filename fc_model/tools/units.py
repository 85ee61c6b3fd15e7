"""Units of measurement. Factors are exact, by definition of the unit (NIST Special Publication 811, appendix B)."""

from fractions import Fraction

from fc_model.tools.exact import json_number, rational
from fc_model.tools.tool import NUMBER, Tool, ToolError, one_of, record

_INCH = Fraction(254, 10_000)  # 25.4 mm since 1959
_POUND = Fraction(45_359_237, 100_000_000)
_GALLON = Fraction(3_785_411_784, 10**12)  # US, 231 cubic inches
_GRAVITY = Fraction(980_665, 100_000)  # standard acceleration
_UNITS: dict[str, dict[str, Fraction | int]] = {
    "length": {
        "nanometre": Fraction(1, 10**9), "micrometre": Fraction(1, 10**6), "millimetre": Fraction(1, 1000),
        "centimetre": Fraction(1, 100), "metre": 1, "kilometre": 1000, "inch": _INCH, "foot": 12 * _INCH,
        "yard": 36 * _INCH, "mile": 63_360 * _INCH, "nautical_mile": 1852,
    },
    "mass": {
        "milligram": Fraction(1, 10**6), "gram": Fraction(1, 1000), "kilogram": 1, "tonne": 1000,
        "ounce": _POUND / 16, "pound": _POUND, "stone": 14 * _POUND,
    },
    "volume": {
        "millilitre": Fraction(1, 10**6), "litre": Fraction(1, 1000), "cubic_metre": 1,
        "us_fluid_ounce": _GALLON / 128, "us_cup": _GALLON / 16, "us_pint": _GALLON / 8, "us_gallon": _GALLON,
        "imperial_gallon": Fraction(454_609, 10**8),
    },
    "area": {
        "square_centimetre": Fraction(1, 10**4), "square_metre": 1, "hectare": 10**4, "square_kilometre": 10**6,
        "square_foot": (12 * _INCH) ** 2, "acre": 4840 * (36 * _INCH) ** 2, "square_mile": (63_360 * _INCH) ** 2,
    },
    "speed": {
        "metre_per_second": 1, "kilometre_per_hour": Fraction(1000, 3600),
        "mile_per_hour": 63_360 * _INCH / 3600, "knot": Fraction(1852, 3600),
    },
    "time": {
        "millisecond": Fraction(1, 1000), "second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800,
    },
    "data": {
        "bit": Fraction(1, 8), "byte": 1, "kilobyte": 10**3, "megabyte": 10**6, "gigabyte": 10**9,
        "terabyte": 10**12, "kibibyte": 2**10, "mebibyte": 2**20, "gibibyte": 2**30, "tebibyte": 2**40,
    },
    "energy": {"joule": 1, "kilojoule": 1000, "calorie": Fraction(4184, 1000), "kilocalorie": 4184,
               "kilowatt_hour": 3_600_000},  # the thermochemical calorie
    "pressure": {"pascal": 1, "hectopascal": 100, "bar": 10**5, "atmosphere": 101_325,
                 "pound_per_square_inch": _POUND * _GRAVITY / _INCH**2},
    "temperature": {"celsius": 1, "fahrenheit": Fraction(5, 9), "kelvin": 1},
}  # fmt: skip
"""By kind: how many of the kind's base unit one unit is."""
_ZERO = {"celsius": Fraction(27_315, 100), "fahrenheit": Fraction(45_967, 180), "kelvin": Fraction(0)}
"""Kelvins at 0 degrees of a scale."""
_KIND = {unit: kind for kind, units in _UNITS.items() for unit in units}

UNIT_SPELLINGS: dict[str, tuple[str, ...]] = {
    "millimetre": ("mm", "millimetres"),
    "centimetre": ("cm", "centimetres", "centimeters"),
    "metre": ("m", "metres", "meters"),
    "kilometre": ("km", "kilometres", "kilometers"),
    "inch": ("inches",),
    "foot": ("feet", "ft"),
    "yard": ("yards",),
    "mile": ("miles", "mi"),
    "nautical_mile": ("nautical miles",),
    "gram": ("g", "grams"),
    "kilogram": ("kg", "kilograms", "kilos"),
    "tonne": ("tonnes",),
    "ounce": ("ounces", "oz"),
    "pound": ("pounds", "lb"),
    "stone": ("stone",),
    "millilitre": ("ml", "millilitres"),
    "litre": ("litres", "liters"),
    "us_gallon": ("US gallons",),
    "us_cup": ("US cups",),
    "us_pint": ("US pints",),
    "hectare": ("hectares", "ha"),
    "acre": ("acres",),
    "square_metre": ("square metres", "m²"),
    "square_foot": ("square feet", "sq ft"),
    "square_kilometre": ("square kilometres", "km²"),
    "square_mile": ("square miles",),
    "metre_per_second": ("m/s", "metres per second"),
    "kilometre_per_hour": ("km/h", "kilometres per hour"),
    "mile_per_hour": ("mph", "miles per hour"),
    "knot": ("knots",),
    "second": ("seconds",),
    "minute": ("minutes",),
    "hour": ("hours",),
    "day": ("days",),
    "week": ("weeks",),
    "kilobyte": ("kB", "kilobytes"),
    "megabyte": ("MB", "megabytes"),
    "gigabyte": ("GB", "gigabytes"),
    "mebibyte": ("MiB", "mebibytes"),
    "gibibyte": ("GiB", "gibibytes"),
    "kilojoule": ("kJ", "kilojoules"),
    "kilocalorie": ("kcal", "kilocalories"),
    "kilowatt_hour": ("kWh", "kilowatt hours"),
    "hectopascal": ("hPa", "hectopascals"),
    "bar": ("bar",),
    "atmosphere": ("atmospheres", "atm"),
    "pound_per_square_inch": ("psi", "pounds per square inch"),
    "celsius": ("°C", "degrees Celsius"),
    "fahrenheit": ("°F", "degrees Fahrenheit"),
    "kelvin": ("K", "kelvins"),
}
"""How people write a unit, beside its name."""


def convert_units(value: float, from_unit: str, to_unit: str) -> float:
    """Raises ToolError for units of different kinds, and below absolute zero."""
    kind = _KIND[from_unit]
    if _KIND[to_unit] != kind:
        raise ToolError(f"{from_unit} is a unit of {kind}, {to_unit} of {_KIND[to_unit]}")
    base = rational(value) * _UNITS[kind][from_unit] + _ZERO.get(from_unit, 0)
    if kind == "temperature" and base < 0:
        raise ToolError(f"{value} {from_unit} is below absolute zero")
    return json_number((base - _ZERO.get(to_unit, 0)) / _UNITS[kind][to_unit])


def unit_spellings() -> dict[str, tuple[str, ...]]:
    return {unit: (unit, unit.replace("_", " "), *UNIT_SPELLINGS.get(unit, ())) for unit in _KIND}


_UNIT = one_of(*_KIND)

TOOLS = (
    Tool(
        name="convert_units",
        description="Converts a measurement to another unit of length, mass, volume, area, speed, time, data, energy, "
        "pressure or temperature.",
        parameters=record({"value": NUMBER, "from_unit": _UNIT, "to_unit": _UNIT}),
        executor=convert_units,
        result=NUMBER,
        spellings=dict.fromkeys(("from_unit", "to_unit"), unit_spellings),
    ),
)
