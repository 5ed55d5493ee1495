"""Failed acquires: the error budget, and pools with too little traffic for it."""

import dataclasses

from case import Case
from series import Climb, Cycle, Rise
from .common import FAILED, RO, WHO, acquires


def said_of_burn(windows, share):
    return (f"In the pool ro of {WHO}, {share} of the acquires failed in the window that fired ({windows}); the error "
            "budget allows 0.1%. Each failed acquire is an error for its caller.")


# ReplicaDown fired, and the series that is recorded of that.
REPLICA_DOWN = 'ALERTS{alertname="ScidexPgPoolReplicaDown", alertstate="firing", severity="warning", pool="ro"}'
OUTAGE = 'instance_pool:scidex_pg_pool_outage_alerts:last2m{pool="ro"}'


def since(steps, rise, *first):
    """The behaviour of a counter of an instance that starts after these steps: its first values, and its rise after them."""
    last = first[-1] if first else 0
    return Cycle(("_",) * steps + first + tuple(last + rise * index for index in range(1000)))


def traffic(second, failing, step):
    """The pool has this many acquires per second, of which this share fails."""
    return {acquires("immediate"): Rise(second * step * (1 - failing)), acquires("timeout"): Rise(second * step * failing)}


# The phase of a course in which an instance is not there, or Prometheus has no data.
NO_DATA = {acquires(outcome): None for outcome in ("immediate", *FAILED, "cancelled", "closed")}
MINUTE, HOUR = 60, 3600
# Over an hour and five minutes, and over six hours and half an hour.
COURSES_OF_HOUR = (
    ("fires again soon after a gap in the data", (
        (traffic(0.11, 0.3, step=60), 2 * HOUR), (NO_DATA, 15 * MINUTE), (traffic(0.11, 0.3, step=60), 20 * MINUTE)),
     {2 * HOUR: True, 2 * HOUR + 14 * MINUTE: False, 2 * HOUR + 25 * MINUTE: True, 2 * HOUR + 34 * MINUTE: True}),
    ("fires once a new instance has had half the minimum traffic of an hour", (
        (NO_DATA, 10 * MINUTE), (traffic(0.2, 1, step=60), 30 * MINUTE)),
     {28 * MINUTE: False, 29 * MINUTE: True}))
COURSES_OF_SIX_HOURS = (
    ("fires once a new instance has had half the minimum traffic of six hours", (
        (NO_DATA, 10 * MINUTE), (traffic(0.2, 0.01, step=120), 2 * HOUR)),
     {106 * MINUTE: False, 108 * MINUTE: True}),
    ("fires again once half the minimum traffic of half an hour has followed a gap", (
        (traffic(1, 0.008, step=120), 4 * HOUR), (NO_DATA, 40 * MINUTE), (traffic(0.2, 0.008, step=120), 30 * MINUTE)),
     {4 * HOUR: True, 4 * HOUR + 40 * MINUTE: False, 4 * HOUR + 50 * MINUTE: False, 4 * HOUR + 52 * MINUTE: True}))


def burn(share, failing, near, **times):
    """A burn of the error budget. At first there is one acquire per second: 1 / 0.1 of the minimum traffic."""
    step, calm_steps = times["step"], times["lead"] // times["step"]
    description = said_of_burn("1 hour or 6 hours", share)
    few, minutes = step / 10, 60 // step
    fires = calm_steps + (times["rises"] + times["for_"]) // step
    outage, remembered = (1,) * (120 // step) + ("stale",), ("_",) * (35 * minutes or 17)
    return Case(
        alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="critical", component="waiters",
        summary="Acquires fail faster than the error budget allows.",
        description=description, dashboard="detail",
        calm={acquires("immediate"): Rise(step), **{acquires(outcome): Rise(0) for outcome in FAILED},
              acquires("cancelled"): Rise(0), acquires("closed"): Rise(0)},
        wrong={acquires("timeout"): Rise(failing)},
        near={"the budget is spent a little slower": {acquires("timeout"): Climb(((0, calm_steps), (near, 10000)))},
              "there is no traffic": {acquires("immediate"): Rise(0)},
              # Above the minimum in the long windows, but not in the short ones.
              "there is next to no traffic any more": {
                  acquires("immediate"): Climb(((step, calm_steps), (few * 0.475, 10000))),
                  acquires("timeout"): Climb(((0, calm_steps), (few * 0.475, 10000)))},
              "there is next to no traffic": {acquires("immediate"): Rise(few * 0.8), acquires("timeout"): Rise(few * 0.15)},
              # Above the minimum in the short window, but over the hour there are 0.09 a second.
              "there has been next to no traffic for most of the hour": {
                  acquires("immediate"): Rise(0),
                  acquires("timeout"): Climb(((0, fires - 1400 // step), (0.26 * step, 1400 // step), (0, 10000)))},
              "a new instance has one failure": {
                  acquires("immediate"): since(calm_steps, 0.2 * step), acquires("timeout"): since(calm_steps, 0, 0, 0, 1),
                  **dict.fromkeys(map(acquires, (*FAILED[1:], "cancelled", "closed")))},
              "callers cancel, or meet a pool that closes": {acquires("cancelled"): Rise(step),
                                                             acquires("closed"): Rise(step)},
              "an alert reported the outage of the server": {acquires("timeout"): Rise(failing),
                                                             REPLICA_DOWN: Cycle(outage + remembered)}},
        labels=RO,
        also=(*(({}, {acquires("timeout"): Rise(0), acquires(outcome): Rise(failing)}, description)
                for outcome in FAILED[1:]),
              ({}, {acquires("cancelled"): Rise(step), acquires("closed"): Rise(step)}, description),
              ({acquires("immediate"): Rise(few * 1.1)},
               {acquires("immediate"): Rise(few * 1.1), acquires("timeout"): Rise(failing * 0.11)}, description),
              # An alert reported an outage an hour before it fires.
              ({REPLICA_DOWN: Cycle(("_",) * (fires - 3600 // step) + outage + ("_",) * 100)}, {}, description)), **times)


def rate(of):
    return f'instance_pool:scidex_pg_pool_{of}:rate5m{{pool="ro"}}'


def ratio(window):
    return f'instance_pool:scidex_pg_pool_acquire_failures:ratio_rate{window}{{pool="ro"}}'


def recorded_traffic(second, failing):
    """The same as recorded rates."""
    return {rate("acquires"): second, rate("acquire_failures"): second * failing}


NOTHING_RECORDED = {rate("acquires"): None, rate("acquire_failures"): None}
COURSES_OF_A_DAY = (
    ("fires once a new instance has had half the minimum traffic of a day", (
        (NOTHING_RECORDED, 5 * HOUR), (recorded_traffic(0.22, 0.004), 10 * HOUR)),
     {10.5 * HOUR: False, 11 * HOUR: True}),
    # Half an hour of 0.22 acquires per second is enough, and of 0.19 is not.
    *((f"fires again once half the minimum traffic of two hours has followed a gap, at {second}", (
        (recorded_traffic(1, 0.004), 40 * HOUR), (NOTHING_RECORDED, 7 * HOUR), (recorded_traffic(second, 0.004), 3 * HOUR)),
       {40 * HOUR: True, fires - 0.5 * HOUR: False, fires: True})
      for second, fires in ((0.22, 48 * HOUR), (0.19, 48.5 * HOUR))))
COURSES_OF_THREE_DAYS = (
    ("fires once a new instance has had half the minimum traffic of three days", (
        (NOTHING_RECORDED, 5 * HOUR), (recorded_traffic(0.22, 0.0012), 30 * HOUR)),
     {21 * HOUR: False, 21.5 * HOUR: True}),)
COURSES_OF_FEW_ACQUIRES = (
    ("fires until a new instance has had half the minimum traffic, and ten minutes more", (
        (NOTHING_RECORDED, HOUR), (recorded_traffic(0.13, 1), HOUR)),
     {55 * MINUTE: False, HOUR: True, HOUR + 25 * MINUTE: True, HOUR + 30 * MINUTE: False}),
    ("is silent after a gap in the data of a pool that has an error budget", (
        (recorded_traffic(0.11, 0.6), 4 * HOUR), (NOTHING_RECORDED, 15 * MINUTE), (recorded_traffic(0.11, 0.6), 2 * HOUR)),
     {second: False for second in range(2 * HOUR, 6 * HOUR, 5 * MINUTE)}))


def said_of_few(failures):
    return (f"In the pool ro of {WHO}, {failures} acquires failed in the last hour, more than half of all. The pool has too "
            "little traffic for an error budget, or its instance is new. Each failed acquire is an error for its caller.")


def slow_burn(share, failing, near, slower, **times):
    """The same over days, using the recorded rates."""
    description = said_of_burn("1 day or 3 days", share)
    step = times["step"]
    burns = (times["rises"] + times["for_"]) // step
    calm_steps, quarter_day = times["lead"] // step, 6 * 3600 // step
    # Above the minimum traffic over six hours, but not over a day or three days.
    night_and_day = (0.085,) * (66 * 3600 // step) + (0.12,) * quarter_day
    return Case(
        alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="warning", component="waiters",
        summary="Acquires fail faster than the error budget allows.",
        description=description, dashboard="detail",
        calm={rate("acquires"): 1, rate("acquire_failures"): 0, OUTAGE: None},
        wrong={rate("acquire_failures"): failing},
        near={"the budget is spent a little slower": {
                  rate("acquire_failures"): Cycle((0,) * calm_steps + (near,) * slower + (0,) * 1000)},
              "there is next to no traffic": {rate("acquires"): 0.095, rate("acquire_failures"): 0.095 * failing},
              # Above the minimum over a day and over three days, but not over two hours and six hours.
              "there is next to no traffic any more": {
                  rate("acquires"): Cycle((1,) * (calm_steps - quarter_day) + (0.095,) * 1000),
                  rate("acquire_failures"): Cycle((0,) * calm_steps + (0.0475,) * 1000)},
              "there is next to no traffic except for six hours": {
                  rate("acquires"): Cycle(night_and_day), rate("acquire_failures"): Cycle(
                      tuple(failing * acquires for acquires in night_and_day))},
              # Two in a hundred of the first 360 acquires: much of what there is, little of the windows.
              "a new instance has few failures": {
                  rate("acquires"): Cycle(("_",) * calm_steps + (0.2,) * 1000),
                  rate("acquire_failures"): Cycle(("_",) * calm_steps + (0.004,) + (0,) * 1000)},
              "an alert reported the outage of the server": {
                  rate("acquire_failures"): failing, OUTAGE: Cycle((1,) + ("_",) * quarter_day)}},
        labels=RO,
        also=(({rate("acquires"): 0.11}, {rate("acquires"): 0.11, rate("acquire_failures"): failing * 0.11}, description),
              ({}, {OUTAGE: Cycle(("_",) * (burns - 10 * 3600 // step) + (1,) + ("_",) * 1000)}, description)),
        # The windows of hours have a value every five minutes.
        scrapes=6, outlives_failed_scrape=False, **times)


CASES = [
    burn("1.507%", failing=1, near=0.86, step=60, lead=370 * 60,
         rises=55 * 60, for_=120, forgets=4 * 60, courses=COURSES_OF_HOUR),
    burn("0.6019%", failing=0.8, near=0.7, step=120, lead=190 * 120, rises=163 * 120, for_=120, holds=240,
         forgets=16 * 120, courses=COURSES_OF_SIX_HOURS),
    slow_burn("0.3171%", failing=0.004, near=0.0028, slower=50, step=1800, lead=160 * 1800, rises=36 * 1800, for_=3600,
              holds=9 * 1800, forgets=11 * 1800, courses=COURSES_OF_A_DAY),
    slow_burn("0.1017%", failing=0.0012, near=0.00095, slower=1000, step=1800, lead=160 * 1800, rises=120 * 1800, for_=3600,
              holds=3600, forgets=11 * 1800, courses=COURSES_OF_THREE_DAYS),

    # Only the window of a day: there was more traffic before.
    dataclasses.replace(
        slow_burn("0.3466%", failing=0.0035, near=0.0024, slower=50, step=1800, lead=160 * 1800, rises=46 * 1800, for_=3600,
                  holds=0, forgets=3 * 1800),
        calm={rate("acquires"): 3, rate("acquire_failures"): 0, OUTAGE: None},
        wrong={rate("acquires"): 1, rate("acquire_failures"): 0.0035}, also=(), near={"nothing fails": {OUTAGE: None}}),

    # The window of three days, with recorded ratios; the ratio over six hours, from another group, is missing sometimes.
    Case(alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="warning", component="waiters",
         summary="Acquires fail faster than the error budget allows.",
         description=said_of_burn("1 day or 3 days", "0.2%"), dashboard="detail",
         calm={ratio("1d"): 0, ratio("2h"): 0, ratio("3d"): 0.002, ratio("6h"): None, OUTAGE: None},
         wrong={ratio("6h"): 0.002}, near={"nothing fails any more": {ratio("6h"): 0}}, labels=RO, step=60, for_=3600,
         holds=300, forgets=0, outlives_failed_scrape=False),

    # The window of a day, with recorded ratios.
    Case(alert="ScidexPgPoolAcquireErrorBudgetBurn", severity="warning", component="waiters",
         summary="Acquires fail faster than the error budget allows.",
         description=said_of_burn("1 day or 3 days", "0.35%"), dashboard="detail",
         calm={ratio("1d"): 0.0035, ratio("2h"): 0, ratio("3d"): 0, ratio("6h"): 0, OUTAGE: None},
         wrong={ratio("2h"): 0.0032}, near={"fewer fail lately": {ratio("2h"): 0.0025}}, labels=RO, step=60, for_=3600,
         forgets=0, outlives_failed_scrape=False),

    Case(alert="ScidexPgPoolAcquiresFail", severity="warning", component="waiters",
         summary="Most acquires of a pool fail.",
         description=said_of_few(10), dashboard="detail",
         calm={rate("acquires"): 0.0045, rate("acquire_failures"): 0, OUTAGE: None},
         wrong={rate("acquire_failures"): 0.0028},
         near={"only nine fail": {rate("acquires"): 0.003, rate("acquire_failures"): 0.0024},
               "there are enough for an error budget": {
                   rate("acquires"): 0.105, rate("acquire_failures"): Cycle((0,) * 13 + (0.1,) * 1000)},
               "less than half fail": {rate("acquires"): 0.0055, rate("acquire_failures"): 0.0027},
               "an alert reported the outage of the server": {rate("acquire_failures"): 0.0028,
                                                              OUTAGE: Cycle((1,) + ("_",) * 22)}},
         also=(({OUTAGE: Cycle(("_",) * 35 + (1,) + ("_",) * 100)}, {}, said_of_few(10)),
               ({rate("acquires"): 0.09}, {rate("acquires"): 0.09, rate("acquire_failures"): 0.0505556},
                said_of_few(182)),
               # A new instance, which has not had enough traffic for an error budget yet.
               ({rate("acquires"): None, rate("acquire_failures"): None},
                {rate("acquires"): Cycle(("_",) * 11 + (0.2,) * 100), rate("acquire_failures"): Cycle(("_",) * 11 + (0.2,) * 100)},
                said_of_few(60))),
         labels=RO, step=300, lead=60 * 300, rises=3300, holds=300, outlives_failed_scrape=False,
         forgets=300, keep=600, courses=COURSES_OF_FEW_ACQUIRES),
]
