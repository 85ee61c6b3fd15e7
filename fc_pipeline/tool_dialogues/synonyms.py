"""Other words for each tool: names, descriptions, and of each parameter another name and its meaning."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Synonyms(NamedTuple):
    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    parameters: Mapping[str, tuple[str, str]] = MappingProxyType({})
    """Parameter -> (another name, what it means)."""


_NUMBERS = {"numbers": ("values", "the numbers")}
_FEN = {"fen": ("position", "the position")}

SYNONYMS = {
    "calculate": Synonyms(
        ("evaluate", "do_arithmetic"),
        ("Computes the value of an arithmetic expression.", "A pocket calculator with brackets and powers."),
        {"expression": ("formula", "what is computed")},
    ),
    "convert_base": Synonyms(
        ("change_radix", "rewrite_number"),
        ("Rewrites digits from one number system in another.", "Binary, octal, decimal, hexadecimal and others."),
        {
            "number": ("digits", "the digits"),
            "from_base": ("radix", "base of the digits"),
            "to_base": ("new_radix", "base that is wanted"),
        },
    ),
    "prime_factors": Synonyms(
        ("factorise", "decompose_integer"),
        ("Primes whose product is a number.", "Factorises an integer."),
        {"number": ("integer", "what is factorised")},
    ),
    "common_divisor": Synonyms(
        ("gcd_lcm", "shared_factor"),
        ("The largest integer that divides all of some integers, and their least multiple.", "GCD and LCM."),
        {"numbers": ("integers", "the integers")},
    ),
    "roman_numeral": Synonyms(
        ("to_roman", "latin_number"),
        ("Roman numerals from integers, and the reverse.", "Writes MCM for 1900, and reads it."),
        {"value": ("amount", "an integer or a numeral")},
    ),
    "check_number": Synonyms(
        ("validate_code", "verify_checksum"),
        ("Tells whether a code has the right check digit.", "Verifies ISBN, EAN and similar codes."),
        {"kind": ("standard", "which sort of code"), "number": ("code", "the code")},
    ),
    "list_statistics": Synonyms(
        ("summarise_numbers", "describe_values"),
        ("Average, median, total, extremes and spread of a list.", "Summary of numbers."),
        _NUMBERS,
    ),
    "sort_list": Synonyms(
        ("arrange", "put_in_order"),
        ("Orders items.", "Arranges a list by size or by alphabet."),
        {
            "items": ("elements", "what is ordered"),
            "order": ("direction", "which way"),
            "unique": ("once", "whether repetitions go"),
        },
    ),
    "convert_units": Synonyms(
        ("measure", "change_unit"),
        ("A quantity in another unit.", "Changes metres to feet, grams to ounces and so on."),
        {
            "value": ("quantity", "how much"),
            "from_unit": ("unit", "unit of the quantity"),
            "to_unit": ("target", "unit that is wanted"),
        },
    ),
    "current_time": Synonyms(("clock", "now"), ("What the clock and the calendar show now.", "Today's date and time.")),
    "date_difference": Synonyms(
        ("count_days", "days_between"),
        ("How many days lie between two days.", "Counts days from one date to another."),
        {"start": ("first", "the earlier day"), "end": ("last", "the later day")},
    ),
    "add_to_date": Synonyms(
        ("shift_day", "later_date"),
        (
            "A day that lies some time after another; negative for before.",
            "Moves a date by years, months, weeks, days.",
        ),
        {
            "date": ("origin", "the day to count from"),
            "years": ("num_years", "how many years"),
            "months": ("num_months", "how many months"),
            "weeks": ("num_weeks", "how many weeks"),
            "days": ("num_days", "how many days"),
        },
    ),
    "weekday": Synonyms(
        ("day_name", "which_day"),
        ("Whether a date is a Monday, a Tuesday and so on, and its week.", "Name of a day."),
        {"date": ("day", "the day")},
    ),
    "month_calendar": Synonyms(
        ("calendar_page", "show_month"),
        ("All days of a month, by weeks.", "A page of the calendar."),
        {"year": ("of_year", "the year"), "month": ("of_month", "the month, 1 to 12")},
    ),
    "convert_time_zone": Synonyms(
        ("time_elsewhere", "shift_clock"),
        ("What the clock shows in another place.", "Local time of one zone in another zone."),
        {
            "time": ("clock", "the local time"),
            "from_zone": ("here", "zone of the time"),
            "to_zone": ("there", "zone that is wanted"),
        },
    ),
    "text_statistics": Synonyms(
        ("measure_text", "count_in_text"),
        ("How long a text is, and how often something stands in it.", "Numbers of words, characters and lines."),
        {"text": ("passage", "the text"), "count": ("needle", "what is counted")},
    ),
    "transform_text": Synonyms(
        ("rewrite", "change_text"),
        ("Capital letters, small letters, reversed text, spaces removed.", "Alters all of a text."),
        {"text": ("passage", "the text"), "operation": ("mode", "what is done to it")},
    ),
    "find_pattern": Synonyms(
        ("match", "grep_text"),
        ("All that a regex fits in a text.", "Matches of a regular expression."),
        {"text": ("passage", "the text"), "pattern": ("regex", "the expression")},
    ),
    "query_json": Synonyms(
        ("look_up", "select_value"),
        ("Picks a part out of JSON.", "What stands at a place of a JSON value, or fits a condition."),
        {
            "document": ("json", "the JSON value"),
            "pointer": ("place", "where to look"),
            "field": ("key", "what is compared"),
            "operator": ("relation", "how it is compared"),
            "value": ("reference", "with what"),
        },
    ),
    "table_statistics": Synonyms(
        ("describe_column", "summarise_table"),
        ("Average, median, total and extremes of one column of a table.", "Summary of a CSV column."),
        {
            "file": ("table", "the CSV file"),
            "column": ("field", "the column"),
            "group_by": ("per", "column whose values make groups"),
        },
    ),
    "filter_table": Synonyms(
        ("select_rows", "where"),
        ("Lines of a CSV file that meet a condition.", "Picks rows of a table."),
        {
            "file": ("table", "the CSV file"),
            "column": ("field", "the column"),
            "operator": ("relation", "how it is compared"),
            "value": ("limit_value", "with what"),
            "columns": ("shown", "columns of the answer"),
            "limit": ("at_most", "how many rows"),
        },
    ),
    "read_file": Synonyms(
        ("open_document", "cat"),
        ("The content of a text file.", "Shows what a file says."),
        {
            "path": ("filename", "the file"),
            "first_line": ("start_at", "line to begin with"),
            "max_lines": ("num_lines", "how many lines"),
        },
    ),
    "write_file": Synonyms(
        ("save", "store_text"),
        ("Saves text under a name.", "Puts a text into a file."),
        {
            "path": ("filename", "the file"),
            "text": ("content", "what is saved"),
            "append": ("at_end", "whether to keep what is there"),
        },
    ),
    "list_files": Synonyms(("directory", "ls"), ("Names and sizes of all files.", "What the folder holds.")),
    "search_files": Synonyms(
        ("find_text", "grep"),
        ("In which files and lines a text stands.", "Searches all files."),
        {"text": ("wanted", "what is searched")},
    ),
    "search_corpus": Synonyms(
        ("look_for", "find_documents"),
        ("Documents on a subject.", "Full-text search."),
        {"query": ("words", "the subject"), "limit": ("at_most", "how many documents")},
    ),
    "read_image": Synonyms(
        ("ocr", "text_of_picture"),
        ("What is written in a picture.", "Optical character recognition."),
        {"path": ("filename", "the picture")},
    ),
    "chess_legal_moves": Synonyms(
        ("possible_moves", "move_list"),
        ("What can be played on a chess board.", "All moves of a chess position."),
        _FEN,
    ),
    "chess_check_move": Synonyms(
        ("is_legal", "try_move"),
        ("Whether a chess move may be played.", "Checks one move of chess."),
        {"move": ("play", "the move"), **_FEN},
    ),
    "chess_play_moves": Synonyms(
        ("replay", "board_after"),
        ("Where a game of chess stands after moves.", "Plays chess moves and shows the position."),
        {"moves": ("line", "the moves"), **_FEN},
    ),
}
