# How a number is written for people: three digits of it, where it has a fraction.
function number(value) {
    value += 0
    if (value == 0)
        return "0"
    return sprintf("%." (value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3) "f", value)
}
