"use strict";
// Numbers as Python writes them: repr(x), and format(x, ".4g").

const NOT_JSON = new Map([["inf", Infinity], ["-inf", -Infinity], ["nan", NaN]]);

function parseNumber(x) {
  return typeof x === "string" ? NOT_JSON.get(x) : x;
}

function repr(x) {
  if (!Number.isFinite(x)) return special(x);
  const [sign, digits, exponent] = decimal(x.toExponential());
  const text = exponent < -4 || exponent >= 16
    ? scientific(digits, exponent)
    : positional(digits, exponent, true);
  return (Object.is(x, -0) ? "-" : sign) + text;
}

function short(x, precision = 4) {
  if (!Number.isFinite(x)) return special(x);
  const [sign, allDigits, exponent] = decimal(x.toExponential(precision - 1));
  const digits = allDigits.replace(/0+$/, "") || "0";
  const text = exponent < -4 || exponent >= precision
    ? scientific(digits, exponent)
    : positional(digits, exponent, false);
  return (Object.is(x, -0) ? "-" : sign) + text;
}

function special(x) {
  return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
}

// "-1.25e+3" -> ["-", "125", 3]
function decimal(text) {
  const [, sign, first, rest, exponent] = /^(-?)(\d)\.?(\d*)e(.+)$/.exec(text);
  return [sign, first + rest, Number(exponent)];
}

function scientific(digits, exponent) {
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${size}`;
}

function positional(digits, exponent, withPoint) {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const rest = digits.slice(exponent + 1) || (withPoint ? "0" : "");
  return rest ? `${whole}.${rest}` : whole;
}
