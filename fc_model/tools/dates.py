"""Dates of the Gregorian calendar, from year 1 to 9999, as ISO 8601 writes them."""

import calendar
import re
from datetime import date, datetime, timedelta
from typing import Any

from fc_model.tools.tool import INTEGER, TEXT, Schema, Tool, ToolError, array, described, record, shown

DATE: Schema = described({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}, "YYYY-MM-DD")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_OF_A_YEAR = 12
_COUNT: Schema = {"type": "integer", "minimum": -(10**7), "maximum": 10**7}


def current_time(now: datetime) -> dict[str, str]:
    return {"time": now.isoformat(timespec="seconds"), "weekday": _WEEKDAYS[now.weekday()]}


def date_difference(start: str, end: str) -> dict[str, int]:
    """Days from start to end, negative if end is earlier; weeks and days of their absolute number."""
    days = (parse_date(end) - parse_date(start)).days
    weeks, rest = divmod(abs(days), 7)
    return {"days": days, "full_weeks": weeks, "remaining_days": rest}


def add_to_date(date: str, years: int = 0, months: int = 0, weeks: int = 0, days: int = 0) -> dict[str, str]:
    """First years and months, where a day that the month lacks becomes its last; then weeks and days."""
    start = parse_date(date)
    year, month = divmod(start.year * _MONTHS_OF_A_YEAR + start.month - 1 + years * _MONTHS_OF_A_YEAR + months, 12)
    try:
        last = calendar.monthrange(year, month + 1)[1]
        end = start.replace(year=year, month=month + 1, day=min(start.day, last)) + timedelta(weeks=weeks, days=days)
    except (OverflowError, ValueError, calendar.IllegalMonthError) as error:
        raise ToolError("the date is outside the years 1 to 9999") from error
    return {"date": end.isoformat(), "weekday": _WEEKDAYS[end.weekday()]}


def weekday(date: str) -> dict[str, Any]:
    """With the week and its year as ISO 8601 counts them: week 1 has the year's first Thursday."""
    parsed = parse_date(date)
    week = parsed.isocalendar()
    return {"weekday": _WEEKDAYS[parsed.weekday()], "week": week.week, "week_year": week.year}


def month_calendar(year: int, month: int) -> dict[str, Any]:
    """Weeks from Monday to Sunday; null where a day is another month's."""
    weeks = calendar.Calendar().monthdayscalendar(year, month)
    return {
        "first_weekday": _WEEKDAYS[date(year, month, 1).weekday()],
        "days": calendar.monthrange(year, month)[1],
        "weeks": [[day or None for day in week] for week in weeks],
    }


def parse_date(text: str) -> date:
    """Raises ToolError for any other form than YYYY-MM-DD, and for a day that the calendar lacks."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ToolError(f"{shown(text)} is no date as YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ToolError(f"{text} is not in the calendar ({error})") from error


TOOLS = (
    Tool(
        name="current_time",
        description="The present date, time and weekday.",
        parameters=record({}),
        executor=current_time,
        result=record({"time": TEXT, "weekday": TEXT}),
        uses="time",
    ),
    Tool(
        name="date_difference",
        description="Days between two dates.",
        parameters=record({"start": DATE, "end": DATE}),
        executor=date_difference,
        result=record({"days": INTEGER, "full_weeks": INTEGER, "remaining_days": INTEGER}),
    ),
    Tool(
        name="add_to_date",
        description="The date some years, months, weeks and days after another, or before it if they are negative.",
        parameters=record(
            {"date": DATE}, optional={"years": _COUNT, "months": _COUNT, "weeks": _COUNT, "days": _COUNT}
        ),
        executor=add_to_date,
        result=record({"date": DATE, "weekday": TEXT}),
    ),
    Tool(
        name="weekday",
        description="The day of the week of a date, and its calendar week.",
        parameters=record({"date": DATE}),
        executor=weekday,
        result=record({"weekday": TEXT, "week": INTEGER, "week_year": INTEGER}),
    ),
    Tool(
        name="month_calendar",
        description="The calendar of a month: its days by week, and the weekday of the first.",
        parameters=record(
            {
                "year": {"type": "integer", "minimum": 1, "maximum": 9999},
                "month": {"type": "integer", "minimum": 1, "maximum": 12},
            }
        ),
        executor=month_calendar,
        result=record(
            {"first_weekday": TEXT, "days": INTEGER, "weeks": array(array({"type": ["integer", "null"]}, most=7))}
        ),
    ),
)
