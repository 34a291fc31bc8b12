# Text in columns: widths as a terminal shows them, cells made harmless, tables aligned.

def blanks($count): if $count > 0 then " " * $count else "" end;

# Columns that a character takes: none for marks that combine, two for wide East Asian ones and emoji.
def scalar_width:
  if . < 768 then 1
  elif . < 880 or (. >= 8203 and . <= 8207) or (. >= 8400 and . <= 8447) or (. >= 65024 and . <= 65039) then 0
  elif . < 4352 then 1
  elif . <= 4447 or (. >= 11904 and . <= 42191 and . != 12351) or (. >= 44032 and . <= 55203) or (. >= 63744 and . <= 64255)
    or (. >= 65072 and . <= 65103) or (. >= 65281 and . <= 65376) or (. >= 65504 and . <= 65510)
    or (. >= 127744 and . <= 128591) or (. >= 128640 and . <= 128767) or (. >= 129280 and . <= 129791)
    or (. >= 131072 and . <= 262141) then 2
  else 1 end;

def display_width: if utf8bytelength == length then length else (explode | map(scalar_width) | add) // 0 end;

# Control characters could drive the terminal, and characters that turn the writing direction could deceive: neither is printed.
def is_control: . < 32 or (. >= 127 and . < 160) or (. >= 8232 and . <= 8238) or (. >= 8294 and . <= 8297);
def hexadecimal:
  def digits: if . < 16 then [.] else (. / 16 | floor | digits) + [. % 16] end;
  digits | map("0123456789abcdef"[.:. + 1]) | add;
def visible($spaces):
  if any(explode[]; is_control) then
    [explode[]
      | if is_control | not then [.] | implode
        elif $spaces then " "
        elif . == 10 then "\\n"
        elif . == 13 then "\\r"
        elif . == 9 then "\\t"
        elif . < 256 then "\\x" + (if . < 16 then "0" else "" end) + hexadecimal
        else "\\u" + hexadecimal end] | add
  else . end;
# A cell: line breaks and the like as \n, \t, \x1b.
def visible: visible(false);
# A line of a message: the same as blanks, so that positions in it stay.
def visible_line: visible(true);

def cut($width):
  explode as $all
  | {used: 0, count: 0}
  | until(.used + ($all[.count] | scalar_width) > $width - 1; .used += ($all[.count] | scalar_width) | .count += 1)
  | ($all[:.count] | implode) + "…";

# is_plain: whether an array of strings is printable ASCII throughout: then a length is a width and nothing need be made visible.
def is_plain: tojson | utf8bytelength == length and (contains("\\") or contains("\u007f") | not);
def width($plain): if $plain then length else display_width end;

# cell($width; $right; $last; $plain): a cell cut or padded to its column; the last one of a line is not padded to its right.
def cell($width; $right; $last; $plain):
  width($plain) as $own
  | if $own == $width then .
    elif $own > $width then cut($width) | cell($width; $right; $last; false)
    elif $right then " " * ($width - $own) + .
    elif $last then .
    else . + " " * ($width - $own) end;

# natural($names; $plain): the width each column of an array of rows of strings needs.
def natural($names; $plain):
  . as $rows
  | [range($names | length) as $i | [($names[$i] | display_width), ($rows[][$i] | width($plain))] | max];

# fit($limit; $separator): of natural widths, those that let a line fit into $limit columns (0: any), the widest cells cut first.
def fit($limit; $separator):
  . as $widths
  | if $limit == 0 or length == 0 then .
    else
      ($limit - (length - 1) * $separator) as $room
      | (first(range(([max, $limit] | min); 8; -1)
          | select(. as $cap | [$widths[] | [., $cap] | min] | add <= $room)) // 8) as $cap
      | map([., $cap] | min)
    end;

def line($widths; $right; $separator; $plain):
  . as $cells
  | (($widths | length) - 1) as $last
  | [range($last + 1) as $i | $cells[$i] | cell($widths[$i]; $right[$i]; $i == $last; $plain)]
  | join($separator);

# shorten($width): a text cut to a width if it is wider.
def shorten($width): cell($width; false; true; false);

# list($names): a plain aligned list of rows of strings under upper-case names; nothing is cut.
def list($names):
  map(map(. // "" | tostring | visible)) as $rows
  | ($rows | natural($names; false)) as $widths
  | ($names | map(false)) as $right
  | if ($rows | length) == 0 then empty else ($names, $rows[]) | line($widths; $right; "  "; false) end;

def short_time: if . == null then "never" else .[:16] | sub("T"; " ") end;

def size:
  if . < 1000 then "\(.) B"
  elif . < 1000000 then "\(. / 100 | floor / 10) kB"
  elif . < 1000000000 then "\(. / 100000 | floor / 10) MB"
  else "\(. / 100000000 | floor / 10) GB" end;

def ms: if . == null then "" elif . >= 100 then round else . * 100 | round / 100 end;

def duration:
  if . == null then ""
  elif . < 1000 then "\(. * 10 | round / 10) ms"
  elif . < 60000 then "\(. / 100 | floor / 10) s"
  else "\(. / 60000 | floor) min \(. / 1000 | floor % 60) s" end;
