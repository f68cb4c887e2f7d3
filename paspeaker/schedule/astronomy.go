package schedule

import "math"

// Vietnam's calendar follows the real Moon and Sun, as seen at UTC+7. Times
// here are Julian days: days since noon of 1 January 4713 BC, in terrestrial
// time (TT) or universal time (UT).

// unixEpoch is 1970-01-01 00:00 UT as a Julian day.
const unixEpoch = 2440587.5

// synodic is the mean length of a lunation in days.
const synodic = 29.530588861

func sinDeg(d float64) float64 { return math.Sin(d * math.Pi / 180) }
func cosDeg(d float64) float64 { return math.Cos(d * math.Pi / 180) }

// deltaT returns TT − UT in days for a Julian day of 1970–2200: parabolas
// through the measured values, good to a few seconds until 2030. A new moon so
// close to midnight does not occur in this span.
func deltaT(jd float64) float64 {
	y := 2000 + (jd-2451544.5)/365.2425
	t := y - 2000
	var s float64
	switch {
	case y < 1986:
		t = y - 1975
		s = 45.45 + 1.067*t - t*t/260 - t*t*t/718
	case y < 2005:
		s = 63.86 + 0.3345*t - 0.060374*t*t + 0.0017275*t*t*t + 0.000651814*t*t*t*t + 0.00002373599*t*t*t*t*t
	default:
		s = 62.92 + 0.32217*t + 0.005589*t*t
	}
	return s / 86400
}

// A term of a series: amplitude × sin(m·M + p·M' + f·F), times E to the power
// of |m|: the Sun's mean anomaly, the Moon's, and the Moon's argument of
// latitude.
type term struct {
	amplitude float64
	m, p, f   float64
}

// newMoonTerms are the periodic terms of a new moon, days (J. Meeus,
// Astronomical Algorithms, 2nd ed., chapter 49).
var newMoonTerms = []term{
	{-0.40720, 0, 1, 0}, {0.17241, 1, 0, 0}, {0.01608, 0, 2, 0}, {0.01039, 0, 0, 2}, {0.00739, -1, 1, 0},
	{-0.00514, 1, 1, 0}, {0.00208, 2, 0, 0}, {-0.00111, 0, 1, -2}, {-0.00057, 0, 1, 2}, {0.00056, 1, 2, 0},
	{-0.00042, 0, 3, 0}, {0.00042, 1, 0, 2}, {0.00038, 1, 0, -2}, {-0.00024, -1, 2, 0}, {-0.00007, 2, 1, 0},
	{0.00004, 0, 2, -2}, {0.00004, 3, 0, 0}, {0.00003, 1, 1, -2}, {0.00003, 0, 2, 2}, {-0.00003, 1, 1, 2},
	{0.00003, -1, 1, 2}, {-0.00002, -1, 1, -2}, {-0.00002, 1, 3, 0}, {0.00002, 0, 4, 0},
}

// planetTerms are the planets' part in it: amplitude in days, the argument's
// degrees at k = 0 and degrees for each lunation.
var planetTerms = [][3]float64{
	{0.000325, 299.77, 0.107408}, {0.000165, 251.88, 0.016321}, {0.000164, 251.83, 26.651886}, {0.000126, 349.42, 36.412478},
	{0.000110, 84.66, 18.206239}, {0.000062, 141.74, 53.303771}, {0.000060, 207.14, 2.453732}, {0.000056, 154.84, 7.306860},
	{0.000047, 34.52, 27.261239}, {0.000042, 207.19, 0.121824}, {0.000040, 291.34, 1.844379}, {0.000037, 161.72, 24.198154},
	{0.000035, 239.56, 25.513099}, {0.000023, 331.55, 3.592518},
}

// newMoon returns the Julian day (UT) of the k-th new moon since that of
// 6 January 2000, to within some seconds.
func newMoon(k int) float64 {
	n := float64(k)
	t := n / 1236.85
	jde := 2451550.09766 + synodic*n + t*t*(0.00015437+t*(-0.000000150+t*0.00000000073))
	e := 1 - t*(0.002516+t*0.0000074)
	m := 2.5534 + 29.10535670*n - t*t*(0.0000014+t*0.00000011)
	p := 201.5643 + 385.81693528*n + t*t*(0.0107582+t*(0.00001238-t*0.000000058))
	f := 160.7108 + 390.67050284*n - t*t*(0.0016118+t*(0.00000227-t*0.000000011))
	node := 124.7746 - 1.56375588*n + t*t*(0.0020672+t*0.00000215)
	jde -= 0.00017 * sinDeg(node)
	for _, c := range newMoonTerms {
		jde += c.amplitude * math.Pow(e, math.Abs(c.m)) * sinDeg(c.m*m+c.p*p+c.f*f)
	}
	for i, c := range planetTerms {
		arg := c[1] + c[2]*n
		if i == 0 {
			arg -= 0.009173 * t * t
		}
		jde += c[0] * sinDeg(arg)
	}
	return jde - deltaT(jde)
}

// sunLongitude returns the apparent ecliptic longitude of the Sun in degrees,
// 0–360, at a Julian day (UT), to within some seconds of arc: a quarter of an
// hour's mistake of the day's simpler formula would decide a month in a
// century. (J. Meeus, Astronomical Formulae for Calculators, chapter 18.)
func sunLongitude(jd float64) float64 {
	t := (jd + deltaT(jd) - 2415020) / 36525
	mean := 279.69668 + t*(36000.76892+t*0.0003025)
	m := 358.47583 + t*(35999.04975-t*(0.000150+t*0.0000033))
	center := (1.919460-t*(0.004789+t*0.000014))*sinDeg(m) + (0.020094-t*0.000100)*sinDeg(2*m) + 0.000293*sinDeg(3*m)
	planets := 0.00134*cosDeg(153.23+22518.7541*t) + 0.00154*cosDeg(216.57+45037.5082*t) +
		0.00200*cosDeg(312.69+32964.3577*t) + 0.00179*sinDeg(350.74+t*(445267.1142-t*0.00144)) +
		0.00178*sinDeg(231.19+20.20*t)
	apparent := -0.00569 - 0.00479*sinDeg(259.18-1934.142*t)
	l := math.Mod(mean+center+planets+apparent, 360)
	if l < 0 {
		l += 360
	}
	return l
}
