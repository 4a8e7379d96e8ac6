#!/usr/bin/env python3
"""Computes the decisions of retention_cases.txt another way than the C++ code: Python's zoneinfo, and sets of periods
instead of one walk from the newest backup to the oldest. Run it after editing the file:

    python3 test/unit/schedule/check_retention.py            # reports differences
    python3 test/unit/schedule/check_retention.py --write    # fills in the decisions
"""
import pathlib
import re
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

PERIODS = {
    'hourly': lambda t: (t.year, t.month, t.day, t.hour),
    'daily': lambda t: (t.year, t.month, t.day),
    'weekly': lambda t: t.isocalendar()[:2],
    'monthly': lambda t: (t.year, t.month),
    'yearly': lambda t: (t.year,),
}


def to_instant(wall, zone):
    first, second = (wall.replace(tzinfo=zone, fold=f).astimezone(timezone.utc) for f in (0, 1))
    exists = first.astimezone(zone).replace(tzinfo=None) == wall
    return max(first, second) if exists else first


def before(when, text, zone):
    amounts = {unit: int(number) for number, unit in re.findall(r'(\d+)([ymwdh])', text)}
    months = 12 * amounts.get('y', 0) + amounts.get('m', 0)
    if months:
        wall = when.astimezone(zone).replace(tzinfo=None)
        year, month = divmod(wall.year * 12 + wall.month - 1 - months, 12)
        day = wall.day
        while True:
            try:
                when = to_instant(wall.replace(year=year, month=month + 1, day=day), zone)
                break
            except ValueError:
                day -= 1
    days = 7 * amounts.get('w', 0) + amounts.get('d', 0)
    if days:
        when = to_instant(when.astimezone(zone).replace(tzinfo=None) - timedelta(days=days), zone)
    return when - timedelta(hours=amounts.get('h', 0))


def decide(backups, zone, rules, now):
    """backups: (time, flags) in any order. Returns their rules in the same order."""
    words = {i: [] for i in range(len(backups))}
    sound = sorted((i for i, (_, flags) in enumerate(backups) if 'damaged' not in flags),
                   key=lambda i: backups[i][0], reverse=True)
    has_rules = any(name != 'floor' for name in rules)
    # A clock was wrong: what it has dated takes no place.
    present = [i for i in sound if backups[i][0] <= now]
    if has_rules:
        for i in sound:
            if i not in present:
                words[i].append('future')
    for i in present[:int(rules.get('last', 0))]:
        words[i].append('keep_last')
    if 'within' in rules and present:
        limit = before(backups[present[0]][0], rules['within'], zone)
        for i in present:
            if backups[i][0] > limit:
                words[i].append('keep_within')
    for name, period in PERIODS.items():
        count = int(rules.get(name, 0))
        newest_of = {}
        for i in present:
            newest_of.setdefault(period(backups[i][0].astimezone(zone)), i)
        kept = sorted(newest_of.values(), key=lambda i: backups[i][0], reverse=True)[:count]
        for i in kept:
            words[i].append(f'keep_{name}')
        if count and present and len(newest_of) < count and present[-1] not in kept:
            words[present[-1]].append(f'keep_{name} (oldest)')
    rules_for = []
    for i, (when, flags) in enumerate(backups):
        rule = words[i]
        if 'pinned' in flags:
            rule.append('pinned')
        if 'damaged' in flags:
            rule.append('damaged')
        elif 'floor' in rules and has_rules:
            for word, others in (('floor_complete', sound),
                                 ('floor_verified', [j for j in sound if 'verified' in backups[j][1]])):
                present = [j for j in others if backups[j][0] <= now]
                if i in others[:1] or i in present[:1]:
                    rule.append(word)
        rules_for.append(','.join(rule) or ('expired' if has_rules else 'no_policy'))
    return rules_for


def main():
    path = pathlib.Path(__file__).with_name('retention_cases.txt')
    lines = path.read_text().splitlines()
    wrong = cases = 0
    at = 0
    while at < len(lines):
        if not lines[at].startswith('case '):
            at += 1
            continue
        cases += 1
        _, name, *options = lines[at].split()
        zone = ZoneInfo(name)
        rules = dict(o.partition('=')[::2] for o in options)
        now = datetime.fromisoformat(rules.pop('now', '2200-01-01T00:00:00+00:00'))
        first = at = at + 1
        backups = []
        while at < len(lines) and lines[at].startswith('    '):
            time, *flags = lines[at].partition('=')[0].split()
            backups.append((datetime.fromisoformat(time), flags))
            at += 1
        for offset, rule in enumerate(decide(backups, zone, rules, now)):
            left = lines[first + offset].partition('=')[0].rstrip()
            line = f'{left} = {rule}'
            if line != lines[first + offset]:
                wrong += 1
                if '--write' not in sys.argv:
                    print(f'line {first + offset + 1}: {lines[first + offset]!r}, expected {line!r}')
                lines[first + offset] = line
    if '--write' in sys.argv:
        path.write_text('\n'.join(lines) + '\n')
    print(f'{cases} cases, {wrong} lines ' + ('written' if '--write' in sys.argv else 'differ'))
    return wrong > 0 and '--write' not in sys.argv


sys.exit(main())
