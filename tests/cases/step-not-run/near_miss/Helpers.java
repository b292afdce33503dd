final class Helpers {
}
