public class V2__Normalize_mail extends BaseJavaMigration {
}
