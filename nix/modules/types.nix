# Types for values that systemd would only complain about in the journal.
{ lib }:
let
  inherit (lib) types;

  # weekday, date, time and time zone of systemd.time(7): what is in each is left to systemd, which reads it at build
  weekday = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*";
  weekdays = "${weekday}((,|-|\\.\\.)${weekday})*";
  date = "[0-9*][-0-9*/,.~]*-[-0-9*/,.~]+";
  time = "[0-9*][0-9*/,.]*:[0-9*/,.:]+";
  zone = "(UTC|[A-Z][A-Za-z_+-]*/[A-Za-z0-9_/+-]+)";
  shorthand = "(minutely|hourly|daily|monthly|weekly|yearly|quarterly|semiannually|annually)";
  event = "(${shorthand}|(${weekdays} )?${date}( ${time})?|(${weekdays} )?${time}|${weekdays})";

  span = "[0-9]+(\\.[0-9]+)? ?(us|ms|s|sec|m|min|h|hr|d|day|days|w|week|weeks)?";
in
{
  calendar = types.strMatching "${event}( ${zone})?" // {
    description = "calendar event of systemd.time(7)";
  };

  timeSpan = types.strMatching "${span}( ?${span})*" // {
    description = "time span of systemd.time(7)";
  };
}
