#!/usr/bin/env python3
"""Checks the accepted expressions of cron_cases.txt against a second opinion.

The times in that file are what the C++ code is tested against; this script computes them another way: Python's zoneinfo
instead of the date library, sets and plain scans instead of stepping. Run it after editing the file:

    python3 test/unit/schedule/check_cases.py            # reports differences
    python3 test/unit/schedule/check_cases.py --write    # fills in the times of the accepted expressions
"""
import pathlib
import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split()
WEEKDAYS = 'sun mon tue wed thu fri sat'.split()
MACROS = {'@hourly': '0 * * * *', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@weekly': '0 0 * * 0',
          '@monthly': '0 0 1 * *', '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *'}


def values(field, low, high, names=None, first_name=0):
    def number(word, ends_range=False):
        if names and word.lower() in names:
            value = names.index(word.lower()) + first_name
            return 7 if ends_range and high == 7 and value == 0 else value
        return int(word)

    chosen = set()
    for item in field.split(','):
        if item == '$':
            continue
        base, _, step = item.partition('/')
        if base == '*':
            first, last = low, high
        elif '-' in base:
            left, right = base.split('-')
            first, last = number(left), number(right, ends_range=left.lower() != right.lower())
        else:
            first = number(base)
            last = high if step else first
        chosen.update(range(first, last + 1, int(step or 1)))
    return chosen


class Expression:
    def __init__(self, text):
        minute, hour, day, month, weekday = MACROS.get(text.strip().lower(), text).split()
        self.minutes = sorted(values(minute, 0, 59))
        self.hours = sorted(values(hour, 0, 23))
        self.days = values(day, 1, 31)
        self.months = values(month, 1, 12, MONTHS, 1)
        self.weekdays = {v % 7 for v in values(weekday, 0, 7, WEEKDAYS)}
        self.last_day = '$' in day
        self.both = day.startswith('*') or weekday.startswith('*')
        self.wild = minute.startswith('*') or hour.startswith('*')

    def on(self, day):
        if day.month not in self.months:
            return False
        by_day = day.day in self.days or (self.last_day and (day + DAY).day == 1)
        by_weekday = day.isoweekday() % 7 in self.weekdays
        return by_day and by_weekday if self.both else by_day or by_weekday

    def walls(self, day):
        for hour in self.hours:
            for minute in self.minutes:
                yield datetime(day.year, day.month, day.day, hour, minute)


def shown(instant, zone):
    return instant.astimezone(zone).replace(tzinfo=None)


def wild_fires(expression, zone, after, count):
    fires = []
    at = after.replace(second=0, microsecond=0) + MINUTE
    while len(fires) < count:
        wall = shown(at, zone)
        if not any(expression.on(wall.date() + DAY * n) for n in (-1, 0, 1)):
            at += timedelta(hours=12)
            continue
        if expression.on(wall.date()) and wall.hour in expression.hours and wall.minute in expression.minutes:
            fires.append((at, ''))
        at += MINUTE
    return fires


def first_showing(wall, zone):
    """The first instant at which the clock shows `wall` or has passed it, by walking."""
    at = wall.replace(tzinfo=timezone.utc) - timedelta(hours=30)
    while shown(at, zone) < wall:
        at += MINUTE
    return at


def fixed_fires(expression, zone, after, count):
    fires = {}
    day = shown(after, zone).date() - DAY
    while True:
        if expression.on(day):
            for wall in expression.walls(day):
                instant = wall.replace(tzinfo=zone).astimezone(timezone.utc)
                if shown(instant, zone) == wall:
                    fires[instant] = ''
                    continue
                instant = first_showing(wall, zone)
                run = shown(instant, zone)
                note = f'{wall:%H:%M} does not exist on {wall:%Y-%m-%d}, runs at {run:%H:%M}'
                if run.date() != wall.date():
                    note += f' on {run:%Y-%m-%d}'
                fires.setdefault(instant, note)
            found = sorted(item for item in fires.items() if item[0] > after)
            if len(found) > count or (len(found) == count and shown(found[-1][0], zone).date() < day):
                return found[:count]
        day += DAY


def next_fires(text, zone_name, after, count=5):
    words = text.split()
    if words and words[-1].lower().rstrip('s').endswith('second'):
        seconds = int(''.join(c for c in text if c.isdigit()))
        return [(after + timedelta(seconds=seconds * n), '') for n in range(1, count + 1)]
    expression = Expression(text)
    search = wild_fires if expression.wild else fixed_fires
    return search(expression, ZoneInfo(zone_name), after, count)


def render(fire, zone_name):
    at = fire[0].astimezone(ZoneInfo(zone_name))
    stamp = at.strftime('%Y-%m-%dT%H:%M:%S%z')
    return f'    {stamp[:-2]}:{stamp[-2:]}' + (f'  {fire[1]}' if fire[1] else '')


def main():
    path = pathlib.Path(__file__).with_name('cron_cases.txt')
    lines = path.read_text().splitlines()
    result, wrong, checked = [], 0, 0
    at = 0
    while at < len(lines):
        line = lines[at]
        result.append(line)
        at += 1
        if not line.startswith('ok '):
            continue
        quote = line.rindex('"')
        text = line[4:quote].replace('\\t', '\t')
        zone_name, after = line[quote + 1:].split()
        zone_name = next(name for name in sorted(available_timezones()) if name.lower() == zone_name.lower())
        given = []
        while at < len(lines) and lines[at].startswith('    '):
            given.append(lines[at])
            at += 1
        expected = [render(fire, zone_name) for fire in
                    next_fires(text, zone_name, datetime.fromisoformat(after.replace('Z', '+00:00')))]
        checked += 1
        if given != expected:
            wrong += 1
            if '--write' not in sys.argv:
                print(f'{line}\n  given:\n' + '\n'.join(given) + '\n  expected:\n' + '\n'.join(expected))
        result.extend(expected)
    if '--write' in sys.argv:
        path.write_text('\n'.join(result) + '\n')
    print(f'{checked} accepted expressions checked, {wrong} differ')
    return 1 if wrong and '--write' not in sys.argv else 0


if __name__ == '__main__':
    sys.exit(main())
